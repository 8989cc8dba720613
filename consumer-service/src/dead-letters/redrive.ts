import { print, untilRead } from '@tallyline/chassis/command-line/command-line';
import { type DeadLetterMessage, originalMessage } from './dead-letter-message.js';
import type { DeadLetterQueues } from './dead-letter-queues.js';
import { requireFound, type Selection, selectedPages } from './selection.js';

/** Returns the selected messages to the queues that they came from. */
export async function redriveDeadLetters(selection: Selection): Promise<void> {
  let count = 0;
  for await (const page of selectedPages(selection)) {
    await redrivePage(selection.deadLetterQueues, page, ({ id, queue }) => {
      count += 1;
      print(`${id}  returned to ${queue}`);
    });
    await untilRead();
  }
  requireFound(selection, count);
  print(`${count} message(s) returned to their queues. A message that cannot be applied becomes a dead letter again.`);
}

/**
 * Copies messages to their queues and then removes them from their dead-letter queue, if the broker has confirmed the copy.
 * After a crash in between, a message is in both queues, and the inbox applies it once.
 */
async function redrivePage(
  { publisher, remove }: DeadLetterQueues,
  page: readonly DeadLetterMessage[],
  onRedriven: (message: DeadLetterMessage) => void,
): Promise<void> {
  const outcomes = await Promise.all(page.map((message) => publisher.publish(originalMessage(message))));
  const refusedAt = outcomes.findIndex((outcome) => outcome !== 'confirmed');
  const stored = refusedAt === -1 ? page : page.slice(0, refusedAt);
  await remove(stored);
  for (const message of stored) onRedriven(message);
  const refused = page[refusedAt];
  if (refused === undefined) return;
  const outcome = outcomes[refusedAt];
  throw new Error(
    `the broker answered the redrive of ${refused.id} to ${refused.queue} with "${outcome}", so it stays a dead letter; ` +
      'repair the queue, then redrive again',
  );
}
