import { print, untilRead } from '@tallyline/chassis/command-line/command-line';
import { onPool } from '@tallyline/chassis/postgres/pool';
import { createArchiveMonths } from '../archive/archive.sql.js';
import { chosenPages, type DeadLetterContext, requireFound } from './chosen-letters.js';
import { describeTrial } from './describe.js';
import { type Trial, tryLetters } from './try-letters.js';

/** `redrive --dry-run`. */
export async function rehearseRedrive(context: DeadLetterContext): Promise<void> {
  const { pool, queues } = context;
  // A consumer makes the month that a batch lacks; a dry run must not take its absence for a refusal.
  await createArchiveMonths(onPool(pool));
  let count = 0;
  for (const queue of queues) {
    for await (const page of chosenPages(context, queue)) {
      const trials = await tryLetters(pool, page);
      for (const [index, letter] of page.entries()) {
        count += 1;
        print(`${letter.id}  ${letter.type ?? 'no type'}  of ${letter.queue}`);
        for (const line of describeTrial(trials[index] as Trial)) print(`  ${line}`);
      }
      await untilRead();
    }
  }
  requireFound(context, count);
  print(`${count} message(s) tried and rolled back: nothing was changed, nothing was moved.`);
}
