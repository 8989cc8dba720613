import { setTimeout as delay } from 'node:timers/promises';
import type { Channel, ConsumeMessage, Message } from 'amqplib';

/** This many are looked up, tried, or wait for their confirms, together. */
const PAGE_SIZE = 200;

/** After so long without a message, the queue is asked whether it has any left. */
const SILENCE_MS = 250;

/**
 * A quorum queue stores so many commands of a channel at once. What comes above waits in the channel: it is put in one pile,
 * which loses its order, and is lost when the channel closes. RabbitMQ 3.10 also shuffles what one command returns, above 32.
 */
const SETTLED_TOGETHER = 25;

/** Delivery tags of one page that are neither acknowledged nor returned, oldest first. */
interface HeldPage {
  readonly queue: string;
  readonly tags: Set<number>;
}

/** The messages of queues, for somebody who looks at all of them and takes some. */
export class HeldMessages {
  readonly #channel: Channel;
  readonly #pages: HeldPage[] = [];

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /**
   * What lies in a queue now, oldest first, page by page, and no more than that. The channel holds what was read, so that the
   * next page has others. A consumer for each page, whose prefetch is the page: asked for one by one (basic.get), they are 550
   * a second, and this way 20,000. One consumer for all would be sent all of them at once, whatever memory they take.
   */
  async *pages(queue: string, onCount: (messages: number) => void): AsyncGenerator<ConsumeMessage[]> {
    const { messageCount } = await this.#channel.checkQueue(queue);
    onCount(messageCount);
    for (let seen = 0; seen < messageCount; ) {
      const page = await takePage(this.#channel, queue, Math.min(PAGE_SIZE, messageCount - seen));
      if (page.length === 0) return;
      seen += page.length;
      this.#pages.push({ queue, tags: new Set(page.map(tagOf)) });
      yield page;
    }
  }

  /** Takes messages of one page out of their queue. */
  async acknowledge(messages: readonly ConsumeMessage[]): Promise<void> {
    const last = messages.at(-1);
    const page = this.#pages.find(({ tags }) => last && tags.has(tagOf(last)));
    if (last === undefined || page === undefined) return;
    for (const message of messages) page.tags.delete(tagOf(message));
    const isOldest = this.#pages.every(({ tags }) => [...tags].every((tag) => tag > tagOf(last)));
    if (isOldest) return this.#channel.ack(last, true);
    for (const some of chunks(messages)) {
      for (const message of some) this.#channel.ack(message);
      await this.#channel.checkQueue(page.queue);
    }
  }

  /**
   * Returns what is held so that the queue has the order that it had. A channel that is closed would return it page by page,
   * but the pages in any order.
   */
  async returnRest(): Promise<void> {
    for (const { queue, tags } of this.#pages) {
      for (const some of chunks([...tags])) {
        // amqplib reads only the tag of a message; to keep the messages themselves would take the memory of a whole queue.
        this.#channel.nack({ fields: { deliveryTag: some.at(-1) } } as Message, true, true);
        await this.#channel.checkQueue(queue);
      }
    }
  }
}

function tagOf({ fields }: ConsumeMessage): number {
  return fields.deliveryTag;
}

function chunks<T>(all: readonly T[]): T[][] {
  const count = Math.ceil(all.length / SETTLED_TOGETHER);
  return Array.from({ length: count }, (_, n) => all.slice(n * SETTLED_TOGETHER, (n + 1) * SETTLED_TOGETHER));
}

async function takePage(channel: Channel, queue: string, size: number): Promise<ConsumeMessage[]> {
  const page: ConsumeMessage[] = [];
  let fill: () => void = () => undefined;
  const full = new Promise<void>((resolve) => {
    fill = resolve;
  });
  await channel.prefetch(size);
  const { consumerTag } = await channel.consume(queue, (message) => {
    // The broker cancels a consumer whose queue is deleted; then the queue is missing below, which is an error.
    if (message === null) return;
    page.push(message);
    if (page.length === size) fill();
  });
  for (let before = -1; page.length < size; ) {
    const isSilent = page.length === before;
    before = page.length;
    if (isSilent && (await channel.checkQueue(queue)).messageCount === 0 && page.length === before) break;
    await Promise.race([full, delay(SILENCE_MS)]);
  }
  await channel.cancel(consumerTag);
  return page;
}
