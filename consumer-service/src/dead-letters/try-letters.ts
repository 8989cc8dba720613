import { print, untilRead } from '@tallyline/chassis/command-line';
import { onPool } from '@tallyline/chassis/postgres';
import { createArchiveMonths } from '../archive/archive.sql.js';
import { chosen, type DeadLetterContext, requireFound } from './chosen-letters.js';
import { describeTrial } from './describe.js';
import { tryLetter } from './try-letter.js';

export async function tryLetters(context: DeadLetterContext): Promise<void> {
  const { pool, box, queues, ids } = context;
  // A consumer makes the month that a batch lacks; a dry run must not take its absence for a refusal.
  await createArchiveMonths(onPool(pool));
  let count = 0;
  for (const queue of queues) {
    for await (const letter of chosen(box.letters(queue), ids)) {
      count += 1;
      print(`${letter.id}  ${letter.type ?? 'no type'}  of ${letter.queue}`);
      for (const line of describeTrial(await tryLetter(pool, letter))) print(`  ${line}`);
      await untilRead();
    }
  }
  requireFound(context, count);
  print(`${count} message(s) tried and rolled back: nothing was changed, nothing was moved.`);
}
