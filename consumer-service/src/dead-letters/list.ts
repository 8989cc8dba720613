import { print, untilRead } from '@tallyline/chassis/command-line/command-line';
import { readClock } from '@tallyline/chassis/postgres/clock.sql';
import { onPool } from '@tallyline/chassis/postgres/pool';
import { parkedRows } from '../parked-events/parked-events.sql.js';
import type { DeadLetterMessage } from './dead-letter-message.js';
import { type DeadLetterRow, readApplied, readDeadLetters, recordedBefore } from './dead-letters.sql.js';
import { parkedJson, parkedLine } from './parked.js';
import type { Selection } from './selection.js';

/**
 * Lists the messages in the dead-letter queues with their rows in the read database, the rows without a message, and the
 * parked events.
 */
export async function listDeadLetters({ pool, deadLetterQueues, queues }: Selection, json: boolean): Promise<void> {
  const db = onPool(pool);
  let listed = 0;
  const show = (row: DeadLetterRow | undefined, message: DeadLetterMessage | undefined, applied: boolean) => {
    listed += 1;
    print(json ? JSON.stringify(jsonOf(row, message, applied)) : listLine(row, message, applied));
  };
  // Later rows are not listed as rows without a message: their messages may have come to queues that were read before.
  const startedAt = await readClock(db);
  const withMessage = new Set<string>();
  for (const queue of queues) {
    for await (const page of deadLetterQueues.pages(queue)) {
      const ids = page.map(({ id }) => id);
      const [rows, applied] = await Promise.all([readDeadLetters(db, queues, ids), readApplied(db, ids)]);
      for (const message of page) {
        withMessage.add(message.id);
        show(rows.get(message.id), message, applied.has(message.id));
      }
      await untilRead();
    }
  }
  for await (const rows of recordedBefore(db, queues, startedAt)) {
    for (const row of rows) if (!withMessage.has(row.id)) show(row, undefined, false);
    await untilRead();
  }
  let parked = 0;
  for await (const rows of parkedRows(db, queues)) {
    parked += rows.length;
    for (const row of rows) print(json ? JSON.stringify(parkedJson(row)) : parkedLine(row));
    await untilRead();
  }
  if (json) return;
  print(listed === 0 ? 'No dead letters.' : `${listed} dead letter(s).`);
  if (parked > 0) print(`${parked} parked event(s).`);
}

function jsonOf(row: DeadLetterRow | undefined, message: DeadLetterMessage | undefined, applied: boolean) {
  return {
    id: message?.id ?? row?.id,
    queue: message?.queue ?? row?.queue,
    type: message?.type ?? null,
    reason: reasonOf(row, message),
    firstSeenAt: row?.firstSeenAt.toISOString() ?? message?.firstSeenAt ?? null,
    counted: row?.fromOutbox ?? false,
    recorded: row !== undefined,
    hasMessage: message !== undefined,
    applied,
    parked: false,
  };
}

export function listLine(
  row: DeadLetterRow | undefined,
  message: DeadLetterMessage | undefined,
  applied: boolean,
): string {
  const id = message?.id ?? row?.id;
  const queue = message?.queue ?? row?.queue;
  const firstSeenAt = row?.firstSeenAt.toISOString() ?? message?.firstSeenAt ?? 'unknown time';
  return `${id}  ${firstSeenAt}  ${queue}  ${message?.type ?? '-'}  ${reasonOf(row, message)}${noteOf(row, message, applied)}`;
}

export function reasonOf(row: DeadLetterRow | undefined, message: DeadLetterMessage | undefined): string | undefined {
  return message?.reason ?? row?.reason ?? message?.brokerReason;
}

function noteOf(row: DeadLetterRow | undefined, message: DeadLetterMessage | undefined, applied: boolean): string {
  if (applied) return '  [has been applied: a redrive changes nothing]';
  if (message !== undefined) return '';
  return row?.fromOutbox === true
    ? `  [the message is gone: npm run replay -- --id ${row.id}]`
    : '  [the message is gone: discard it]';
}
