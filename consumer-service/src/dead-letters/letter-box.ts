import { ensureTopology } from '@tallyline/chassis/broker-topology';
import { visitBroker } from '@tallyline/chassis/broker-visit';
import { type ChannelPublisher, createPublisher } from '@tallyline/chassis/publisher';
import { deadLetterQueueOf, topology } from '@tallyline/contracts/topology';
import { type Letter, letterOf } from './letter.js';

export interface LetterBox {
  readonly publisher: ChannelPublisher;
  /**
   * What lies in the dead-letter queue of `queue` now, oldest first, and no more than that: a letter that comes back while
   * we look is not seen again. Nothing leaves the queue unless it is removed: the rest returns when the box is closed.
   */
  letters(queue: string): AsyncGenerator<Letter>;
  remove(letter: Letter): void;
}

/** Opens the dead-letter queues. Looking costs a delivery each, which is why their delivery limit is off. */
export function openLetterBox<T>(brokerUrl: string, work: (box: LetterBox) => Promise<T>): Promise<T> {
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
    const result = await work({
      publisher,
      async *letters(queue) {
        const deadLetterQueue = deadLetterQueueOf(queue);
        const { messageCount } = await channel.checkQueue(deadLetterQueue);
        for (let seen = 0; seen < messageCount; seen += 1) {
          const message = await channel.get(deadLetterQueue);
          if (message === false) return;
          yield letterOf(message, queue);
        }
      },
      remove: ({ message }) => channel.ack(message),
    });
    // Closing waits for the acknowledgements and returns what was only looked at.
    await channel.close();
    return result;
  });
}

function unconfirmed(blockedBy: string | undefined): string {
  const reason = blockedBy === undefined ? 'a queue may have no leader' : `it blocks publishers (${blockedBy})`;
  return (
    `the broker confirms nothing: ${reason}. Its management page says more.\n` +
    'What was not confirmed stays in its dead-letter queue, and may have been returned as well: nothing is lost or counted ' +
    'twice. Mend the broker, then redrive again.'
  );
}
