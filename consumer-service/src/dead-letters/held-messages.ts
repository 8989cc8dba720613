import { setTimeout as delay } from 'node:timers/promises';
import type { Channel, ConsumeMessage, Message } from 'amqplib';

const PAGE_SIZE = 200;

/** After this time without a message, the queue is asked whether it has any left. */
const SILENCE_MS = 250;

/**
 * This many acknowledgements or returns are sent before the next answer is awaited. If more are sent at once, a quorum queue
 * stores them in another order, and loses them when the channel closes. RabbitMQ 3.10 also changes the order when one command
 * returns more than 32 messages.
 */
const CHUNK_SIZE = 25;

/** Delivery tags of one page that are neither acknowledged nor returned, oldest first. */
interface HeldPage {
  readonly queue: string;
  readonly tags: Set<number>;
}

/** Reads all messages of queues and holds them, so that some can be removed and the rest returned in order. */
export class HeldMessages {
  readonly #channel: Channel;
  readonly #pages: HeldPage[] = [];

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /**
   * Yields the messages that are in a queue at the beginning, oldest first. The channel holds what was read, so the next page
   * has other messages. Each page has a consumer whose prefetch is the size of the page: `basic.get` is many times slower, and
   * one consumer for all pages would be sent all messages at once, however much memory they take.
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

  /** Removes messages of one page from their queue. */
  async acknowledge(messages: readonly ConsumeMessage[]): Promise<void> {
    const last = messages.at(-1);
    const page = this.#pages.find(({ tags }) => last && tags.has(tagOf(last)));
    if (last === undefined || page === undefined) return;
    for (const message of messages) page.tags.delete(tagOf(message));
    const isOldest = this.#pages.every(({ tags }) => [...tags].every((tag) => tag > tagOf(last)));
    if (isOldest) return this.#channel.ack(last, true);
    for (const chunk of chunks(messages)) {
      for (const message of chunk) this.#channel.ack(message);
      await this.#channel.checkQueue(page.queue);
    }
  }

  /**
   * Returns all held messages, so that the queue has its order again. If the channel were closed instead, the broker would
   * return the pages in any order.
   */
  async returnRest(): Promise<void> {
    for (const { queue, tags } of this.#pages) {
      for (const chunk of chunks([...tags])) {
        // amqplib reads only the tag of a message. Keeping whole messages would take the memory of a whole queue.
        this.#channel.nack({ fields: { deliveryTag: chunk.at(-1) } } as Message, true, true);
        await this.#channel.checkQueue(queue);
      }
    }
  }
}

function tagOf({ fields }: ConsumeMessage): number {
  return fields.deliveryTag;
}

function chunks<T>(all: readonly T[]): T[][] {
  const count = Math.ceil(all.length / CHUNK_SIZE);
  return Array.from({ length: count }, (_, n) => all.slice(n * CHUNK_SIZE, (n + 1) * CHUNK_SIZE));
}

async function takePage(channel: Channel, queue: string, size: number): Promise<ConsumeMessage[]> {
  const page: ConsumeMessage[] = [];
  let fill: () => void = () => undefined;
  const full = new Promise<void>((resolve) => {
    fill = resolve;
  });
  await channel.prefetch(size);
  const { consumerTag } = await channel.consume(queue, (message) => {
    // The broker cancels the consumer of a queue that is deleted. The next checkQueue then fails.
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
