import { print } from '@tallyline/chassis/command-line';
import { onPool, type Pool } from '@tallyline/chassis/postgres';
import { type DeadLetterRow, forgetDeadLetter, readApplied, readDeadLetters } from './dead-letters.sql.js';
import { describeTrial, listLine, readableBody } from './describe.js';
import type { Letter } from './letter.js';
import type { LetterBox } from './letter-box.js';
import { redrive } from './redrive.js';
import { tryLetter } from './try-letter.js';

export interface DeadLetterContext {
  readonly pool: Pool;
  readonly box: LetterBox;
  readonly queues: readonly string[];
  /** Undefined: all of them. */
  readonly ids: ReadonlySet<string> | undefined;
}

/** What the broker holds, joined with what the read database knows, row by row; a row without a message is shown, too. */
export async function listLetters({ pool, box, queues, ids }: DeadLetterContext, json: boolean): Promise<void> {
  const rows = new Map(await readDeadLetters(onPool(pool), queues));
  let listed = 0;
  const show = (row: DeadLetterRow | undefined, letter: Letter | undefined, applied: boolean) => {
    listed += 1;
    print(json ? JSON.stringify(jsonOf(row, letter, applied)) : listLine(row, letter, applied));
  };
  const withMessage = new Set<string>();
  for (const queue of queues) {
    for await (const page of pagesOf(chosen(box.letters(queue), ids))) {
      const applied = await readApplied(
        onPool(pool),
        page.map(({ id }) => id),
      );
      for (const letter of page) {
        withMessage.add(letter.id);
        show(rows.get(letter.id), letter, applied.has(letter.id));
      }
    }
  }
  for (const row of rows.values()) {
    if (!withMessage.has(row.id) && (ids?.has(row.id) ?? true)) show(row, undefined, false);
  }
  if (!json) print(listed === 0 ? 'No dead letters.' : `${listed} dead letter(s).`);
}

export async function showLetter({ pool, box, queues, ids }: DeadLetterContext): Promise<void> {
  const [id = ''] = ids ?? [];
  const row = (await readDeadLetters(onPool(pool), queues)).get(id);
  let found = false;
  for (const queue of queues) {
    for await (const letter of chosen(box.letters(queue), ids)) {
      found = true;
      const applied = await readApplied(onPool(pool), [id]);
      print(listLine(row, letter, applied.has(id)));
      const { content, properties, fields } = letter.message;
      const given = Object.entries(properties).filter(([name, value]) => value !== undefined && name !== 'headers');
      print(JSON.stringify({ ...Object.fromEntries(given), redelivered: fields.redelivered }, null, 2));
      print(JSON.stringify(properties.headers ?? {}, null, 2));
      print(readableBody(content));
    }
  }
  if (found) return;
  if (row === undefined) throw new Error(`there is no dead letter ${id}; list shows those that there are`);
  print(listLine(row, undefined, false));
}

export async function redriveLetters(context: DeadLetterContext): Promise<void> {
  const { box, queues, ids } = context;
  let count = 0;
  for (const queue of queues) {
    count += await redrive(box, chosen(box.letters(queue), ids), (letter) =>
      print(`${letter.id}  returned to ${letter.queue}`),
    );
  }
  requireFound(context, count);
  print(`${count} message(s) returned to their queues. What cannot be applied comes back here.`);
}

export async function tryLetters(context: DeadLetterContext): Promise<void> {
  const { pool, box, queues, ids } = context;
  let count = 0;
  for (const queue of queues) {
    for await (const letter of chosen(box.letters(queue), ids)) {
      count += 1;
      print(`${letter.id}  ${letter.type ?? 'no type'}  of ${letter.queue}`);
      for (const line of describeTrial(await tryLetter(pool, letter))) print(`  ${line}`);
    }
  }
  requireFound(context, count);
  print(`${count} message(s) tried and rolled back: nothing was changed, nothing was moved.`);
}

/** Removes the message. The row of an event that the write side committed stays, because the views still lack it. */
export async function discardLetters(context: DeadLetterContext, forGood: boolean): Promise<void> {
  const { pool, box, queues, ids } = context;
  let count = 0;
  for (const queue of queues) {
    for await (const letter of chosen(box.letters(queue), ids)) {
      box.remove(letter);
      count += 1;
      print(`${letter.id}  discarded from ${letter.queue}`);
    }
  }
  const rows = await readDeadLetters(onPool(pool), queues);
  for (const id of ids ?? []) {
    if (!rows.has(id)) continue;
    count += 1;
    if (await forgetDeadLetter(onPool(pool), id, forGood)) print(`${id}  forgotten`);
    else
      print(
        `${id}  stays recorded as set aside: the write side committed it and the views lack it (--for-good forgets it)`,
      );
  }
  requireFound(context, count);
}

function requireFound({ ids }: DeadLetterContext, count: number): void {
  if (ids !== undefined && count === 0)
    throw new Error(`there is no dead letter ${[...ids].join(', ')}; list shows those that there are`);
}

async function* chosen(letters: AsyncIterable<Letter>, ids: ReadonlySet<string> | undefined): AsyncGenerator<Letter> {
  for await (const letter of letters) if (ids?.has(letter.id) ?? true) yield letter;
}

const PAGE_SIZE = 200;

async function* pagesOf(letters: AsyncIterable<Letter>): AsyncGenerator<Letter[]> {
  let page: Letter[] = [];
  for await (const letter of letters) {
    page.push(letter);
    if (page.length < PAGE_SIZE) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}

function jsonOf(row: DeadLetterRow | undefined, letter: Letter | undefined, applied: boolean) {
  return {
    id: letter?.id ?? row?.id,
    queue: letter?.queue ?? row?.queue,
    type: letter?.type ?? null,
    reason: letter?.reason ?? row?.reason,
    firstSeenAt: row?.firstSeenAt.toISOString() ?? letter?.firstSeenAt ?? null,
    counted: row?.counted ?? false,
    recorded: row !== undefined,
    hasMessage: letter !== undefined,
    applied,
  };
}
