import { print } from '@tallyline/chassis/command-line/command-line';
import { onPool } from '@tallyline/chassis/postgres/pool';
import { discardParked } from '../parked-events/parked-events.sql.js';
import { discardDeadLetter, readDeadLetters } from './dead-letters.sql.js';
import { requireFound, type Selection, selectedPages } from './selection.js';

/**
 * Removes messages and their rows. The row of an event that the write side committed stays, unless `forGood` is true. A parked
 * event becomes a dead letter without a message first, because the ledger has counted it, too.
 */
export async function discardDeadLetters(selection: Selection, forGood: boolean): Promise<void> {
  const { pool, deadLetterQueues, queues, ids } = selection;
  let count = 0;
  for await (const page of selectedPages(selection)) {
    await deadLetterQueues.remove(page);
    for (const { id, queue } of page) {
      count += 1;
      print(`${id}  discarded from ${queue}`);
    }
  }
  const db = onPool(pool);
  for (const id of await discardParked(db, queues, ids ?? new Set())) {
    count += 1;
    print(`${id}  discarded from the parked events`);
  }
  for (const id of (await readDeadLetters(db, queues, [...(ids ?? [])])).keys()) {
    count += 1;
    if (await discardDeadLetter(db, id, forGood)) print(`${id}  discarded from the read database`);
    else
      print(
        `${id}  stays recorded as a dead letter: the write side committed the event and the views lack it ` +
          '(--for-good discards the record, too)',
      );
  }
  requireFound(selection, count);
}
