import { print, untilRead } from '@tallyline/chassis/command-line/command-line';
import { readClock } from '@tallyline/chassis/postgres/clock.sql';
import { onPool } from '@tallyline/chassis/postgres/pool';
import type { DeadLetterContext } from './chosen-letters.js';
import { type DeadLetterRow, readApplied, readDeadLetters, recordedBefore } from './dead-letters.sql.js';
import { listLine, reasonOf } from './describe.js';
import type { Letter } from './letter.js';

/** What the broker holds, joined with what the read database knows, row by row; a row without a message is shown, too. */
export async function listLetters({ pool, box, queues }: DeadLetterContext, json: boolean): Promise<void> {
  const db = onPool(pool);
  let listed = 0;
  const show = (row: DeadLetterRow | undefined, letter: Letter | undefined, applied: boolean) => {
    listed += 1;
    print(json ? JSON.stringify(jsonOf(row, letter, applied)) : listLine(row, letter, applied));
  };
  // What is set aside while we look may have its message where we have looked already.
  const begin = await readClock(db);
  const withMessage = new Set<string>();
  for (const queue of queues) {
    for await (const page of box.pages(queue)) {
      const ids = page.map(({ id }) => id);
      const [rows, applied] = await Promise.all([readDeadLetters(db, queues, ids), readApplied(db, ids)]);
      for (const letter of page) {
        withMessage.add(letter.id);
        show(rows.get(letter.id), letter, applied.has(letter.id));
      }
      await untilRead();
    }
  }
  for await (const rows of recordedBefore(db, queues, begin)) {
    for (const row of rows) if (!withMessage.has(row.id)) show(row, undefined, false);
    await untilRead();
  }
  if (!json) print(listed === 0 ? 'No dead letters.' : `${listed} dead letter(s).`);
}

function jsonOf(row: DeadLetterRow | undefined, letter: Letter | undefined, applied: boolean) {
  return {
    id: letter?.id ?? row?.id,
    queue: letter?.queue ?? row?.queue,
    type: letter?.type ?? null,
    reason: reasonOf(row, letter),
    firstSeenAt: row?.firstSeenAt.toISOString() ?? letter?.firstSeenAt ?? null,
    counted: row?.counted ?? false,
    recorded: row !== undefined,
    hasMessage: letter !== undefined,
    applied,
  };
}
