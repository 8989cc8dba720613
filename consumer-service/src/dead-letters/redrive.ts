import { print, untilRead } from '@tallyline/chassis/command-line/command-line';
import { type DeadLetterMessage, originalMessage } from './dead-letter-message.js';
import type { DeadLetterQueues } from './dead-letter-queues.js';
import { parkedPages } from './parked.js';
import { requireFound, type Selection, selectedPages } from './selection.js';

/** Returns the selected messages to the queues that they came from, and publishes the selected parked events there again. */
export async function redriveDeadLetters(selection: Selection): Promise<void> {
  const { deadLetterQueues } = selection;
  let count = 0;
  for await (const page of selectedPages(selection)) {
    const { published, refusal } = await publishPage(deadLetterQueues, page);
    // A message leaves its dead-letter queue only when the broker has confirmed its copy. After a crash in between it is in
    // both queues, and the inbox applies it once.
    await deadLetterQueues.remove(published);
    count += published.length;
    for (const { id, queue } of published) print(`${id}  returned to ${queue}`);
    if (refusal !== undefined)
      throw new Error(`${refusal}, so it stays a dead letter; repair the queue, then redrive again`);
    await untilRead();
  }
  const parked = await redriveParked(selection);
  requireFound(selection, count + parked);
  if (count > 0 || parked === 0)
    print(
      `${count} message(s) returned to their queues. A message that cannot be applied becomes a dead letter again.`,
    );
  if (parked > 0) print(`${parked} parked event(s) published to their queues again.`);
}

/** The rows stay until a consumer that knows the events applies them, so that nothing is lost with a queue. */
async function redriveParked(selection: Selection): Promise<number> {
  let count = 0;
  for await (const page of parkedPages(selection)) {
    const { published, refusal } = await publishPage(selection.deadLetterQueues, page);
    count += published.length;
    for (const { id, queue } of published) print(`${id}  published to ${queue}; it stays parked until it is applied`);
    if (refusal !== undefined) throw new Error(`${refusal}, so it stays parked; repair the queue, then redrive again`);
    await untilRead();
  }
  return count;
}

/** Publishes messages, and returns those before the first one that the broker did not confirm. */
async function publishPage<M extends DeadLetterMessage>(
  { publisher }: DeadLetterQueues,
  page: readonly M[],
): Promise<{ readonly published: readonly M[]; readonly refusal?: string }> {
  const outcomes = await Promise.all(page.map((message) => publisher.publish(originalMessage(message))));
  const refusedAt = outcomes.findIndex((outcome) => outcome !== 'confirmed');
  const refused = page[refusedAt];
  if (refused === undefined) return { published: page };
  const refusal = `the broker answered the redrive of ${refused.id} to ${refused.queue} with "${outcomes[refusedAt]}"`;
  return { published: page.slice(0, refusedAt), refusal };
}
