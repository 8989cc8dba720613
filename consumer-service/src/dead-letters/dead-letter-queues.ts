import { type ChannelPublisher, createPublisher } from '@tallyline/chassis/broker/publisher';
import { ensureTopology } from '@tallyline/chassis/broker/topology';
import { visitBroker } from '@tallyline/chassis/broker/visit';
import type { Progress } from '@tallyline/chassis/command-line/progress';
import { deadLetterQueueOf, topology } from '@tallyline/contracts/topology';
import { type DeadLetterMessage, readDeadLetterMessage } from './dead-letter-message.js';
import { HeldMessages } from './held-messages.js';

export interface DeadLetterQueues {
  readonly publisher: ChannelPublisher;
  /**
   * Reads the messages that are now in the dead-letter queue of `queue`, oldest first. A message that comes back meanwhile is
   * not read again. Messages that are not removed return to their queue at the end.
   */
  pages(queue: string): AsyncGenerator<DeadLetterMessage[]>;
  /** Removes messages of one page from their queue. */
  remove(messages: readonly DeadLetterMessage[]): Promise<void>;
}

/** Opens the dead-letter queues for a command. Each read counts as a delivery, so these queues have no delivery limit. */
export function openDeadLetterQueues<T>(
  brokerUrl: string,
  progress: Progress,
  work: (deadLetterQueues: DeadLetterQueues) => Promise<T>,
): Promise<T> {
  return visitBroker(brokerUrl, 'dead-letters', async ({ model, watch, fail }) => {
    await ensureTopology(model, topology);
    const channel = watch(await model.createChannel());
    let blockedBy: string | undefined;
    model.on('blocked', (reason) => {
      blockedBy = reason;
    });
    model.on('unblocked', () => {
      blockedBy = undefined;
    });
    const publisher = createPublisher(watch(await model.createConfirmChannel()), () =>
      fail(new Error(unconfirmed(blockedBy))),
    );
    const held = new HeldMessages(channel);
    const result = await work({
      publisher,
      async *pages(queue) {
        const onCount = (messages: number) => progress.part(`dead letters of ${queue}`, messages);
        for await (const page of held.pages(deadLetterQueueOf(queue), onCount)) {
          yield page.map((message) => readDeadLetterMessage(message, queue));
          progress.advance(page.length);
        }
      },
      remove: (messages) => held.acknowledge(messages.map(({ message }) => message)),
    });
    await held.returnRest();
    // The broker answers the close after it has handled everything that was sent before.
    await channel.close();
    return result;
  });
}

function unconfirmed(blockedBy: string | undefined): string {
  const reason = blockedBy === undefined ? 'a queue may have no leader' : `it blocks publishers (${blockedBy})`;
  return (
    `the broker confirms nothing: ${reason}. Its management page says more.\n` +
    'A message that was not confirmed stays in its dead-letter queue, and may have been returned to its queue as well: ' +
    'nothing is lost, and nothing is applied twice. Repair the broker, then redrive again.'
  );
}
