import { print } from '@tallyline/chassis/command-line';
import { chosen, type DeadLetterContext, requireFound } from './chosen-letters.js';
import { describeTrial } from './describe.js';
import { tryLetter } from './try-letter.js';

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
