import { print } from '@tallyline/chassis/command-line/command-line';
import { onPool } from '@tallyline/chassis/postgres/pool';
import { chosenPages, type DeadLetterContext, requireFound } from './chosen-letters.js';
import { forgetDeadLetter, readDeadLetters } from './dead-letters.sql.js';

/** Removes the message. The row of an event that the write side committed stays, because the views still lack it. */
export async function discardLetters(context: DeadLetterContext, forGood: boolean): Promise<void> {
  const { pool, box, queues, ids } = context;
  let count = 0;
  for (const queue of queues) {
    for await (const page of chosenPages(context, queue)) {
      await box.remove(page);
      for (const letter of page) {
        count += 1;
        print(`${letter.id}  discarded from ${letter.queue}`);
      }
    }
  }
  const rows = await readDeadLetters(onPool(pool), queues, [...(ids ?? [])]);
  for (const id of rows.keys()) {
    count += 1;
    if (await forgetDeadLetter(onPool(pool), id, forGood)) print(`${id}  forgotten`);
    else
      print(
        `${id}  stays recorded as set aside: the write side committed it and the views lack it (--for-good forgets it)`,
      );
  }
  requireFound(context, count);
}
