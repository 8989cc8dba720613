import type { Pool } from '@tallyline/chassis/postgres';
import type { Letter } from './letter.js';
import type { LetterBox } from './letter-box.js';

export interface DeadLetterContext {
  readonly pool: Pool;
  readonly box: LetterBox;
  readonly queues: readonly string[];
  /** Undefined: all of them. */
  readonly ids: ReadonlySet<string> | undefined;
}

/** Throws when the letters that were named are not there. */
export function requireFound({ ids }: DeadLetterContext, count: number): void {
  if (ids !== undefined && count === 0)
    throw new Error(`there is no dead letter ${[...ids].join(', ')}; list shows those that there are`);
}

/** Those that were named, or all. */
export async function* chosen(
  letters: AsyncIterable<Letter>,
  ids: ReadonlySet<string> | undefined,
): AsyncGenerator<Letter> {
  for await (const letter of letters) if (ids?.has(letter.id) ?? true) yield letter;
}

/** This many are looked up, or wait for their confirms, together: one at a time is 640 a second, 200 are 18,800. */
const PAGE_SIZE = 200;

export async function* pagesOf(letters: AsyncIterable<Letter>): AsyncGenerator<Letter[]> {
  let page: Letter[] = [];
  for await (const letter of letters) {
    page.push(letter);
    if (page.length < PAGE_SIZE) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}
