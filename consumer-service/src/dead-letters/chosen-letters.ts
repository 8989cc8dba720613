import type { Pool } from '@tallyline/chassis/postgres/pool';
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

/** Pages of those that were named, or of all. */
export async function* chosenPages({ box, ids }: DeadLetterContext, queue: string): AsyncGenerator<Letter[]> {
  for await (const page of box.pages(queue)) {
    const chosen = ids === undefined ? page : page.filter(({ id }) => ids.has(id));
    if (chosen.length > 0) yield chosen;
  }
}
