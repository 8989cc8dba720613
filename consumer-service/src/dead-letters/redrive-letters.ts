import { print, untilRead } from '@tallyline/chassis/command-line/command-line';
import { chosenPages, type DeadLetterContext, requireFound } from './chosen-letters.js';
import { redrive } from './redrive.js';

export async function redriveLetters(context: DeadLetterContext): Promise<void> {
  const { box, queues } = context;
  let count = 0;
  for (const queue of queues) {
    for await (const page of chosenPages(context, queue)) {
      await redrive(box, page, (letter) => {
        count += 1;
        print(`${letter.id}  returned to ${letter.queue}`);
      });
      await untilRead();
    }
  }
  requireFound(context, count);
  print(`${count} message(s) returned to their queues. What cannot be applied comes back here.`);
}
