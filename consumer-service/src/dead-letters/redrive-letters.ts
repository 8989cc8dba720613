import { print } from '@tallyline/chassis/command-line';
import { chosen, type DeadLetterContext, requireFound } from './chosen-letters.js';
import { redrive } from './redrive.js';

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
