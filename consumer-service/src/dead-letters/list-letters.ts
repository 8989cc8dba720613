import { print } from '@tallyline/chassis/command-line';
import { onPool } from '@tallyline/chassis/postgres';
import { chosen, type DeadLetterContext, pagesOf } from './chosen-letters.js';
import { type DeadLetterRow, readApplied, readDeadLetters } from './dead-letters.sql.js';
import { listLine } from './describe.js';
import type { Letter } from './letter.js';

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
