import { type ChannelPublisher, createPublisher } from '@tallyline/chassis/broker/publisher';
import { ensureTopology } from '@tallyline/chassis/broker/topology';
import { visitBroker } from '@tallyline/chassis/broker/visit';
import type { Progress } from '@tallyline/chassis/command-line/progress';
import { deadLetterQueueOf, topology } from '@tallyline/contracts/topology';
import { HeldMessages } from './held-messages.js';
import { type Letter, letterOf } from './letter.js';

export interface LetterBox {
  readonly publisher: ChannelPublisher;
  /**
   * What lies in the dead-letter queue of `queue` now, oldest first, and no more than that: a letter that comes back while
   * we look is not seen again. Nothing leaves the queue unless it is removed: the rest returns when the box is closed.
   */
  pages(queue: string): AsyncGenerator<Letter[]>;
  /** Takes letters of one page out of their queue. */
  remove(letters: readonly Letter[]): Promise<void>;
}

/** Opens the dead-letter queues. Looking costs a delivery each, which is why their delivery limit is off. */
export function openLetterBox<T>(
  brokerUrl: string,
  progress: Progress,
  work: (box: LetterBox) => Promise<T>,
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
          yield page.map((message) => letterOf(message, queue));
          progress.advance(page.length);
        }
      },
      remove: (letters) => held.acknowledge(letters.map(({ message }) => message)),
    });
    await held.returnRest();
    // Closing waits until all of this has been dealt with.
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
