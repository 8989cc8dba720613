import type { Channel, Options } from 'amqplib';

export interface Topology {
  readonly exchange: string;
  readonly deadLetterExchange: string;
  readonly queues: readonly {
    readonly name: string;
    readonly bindings: readonly string[];
    readonly deadLetterQueue?: string;
  }[];
}

/** 4.x drops a message after 20 returns unless told otherwise, and each look at a dead-letter queue is a return. */
const UNLIMITED_RETURNS = { 'x-delivery-limit': -1 };

/**
 * Declares a durable topic exchange, quorum queues with their bindings, and a dead-letter queue for each that names
 * one. Declaring again changes nothing; a different declaration is refused by the broker with 406.
 */
export async function assertTopology(channel: Channel, topology: Topology, brokerMajorVersion: number): Promise<void> {
  const limits = brokerMajorVersion >= 4 ? UNLIMITED_RETURNS : {};
  const quorum = (more: object = {}): Options.AssertQueue => ({
    durable: true,
    arguments: { 'x-queue-type': 'quorum', ...limits, ...more },
  });
  await channel.assertExchange(topology.exchange, 'topic', { durable: true });
  await channel.assertExchange(topology.deadLetterExchange, 'direct', { durable: true });
  for (const { name, bindings, deadLetterQueue } of topology.queues) {
    if (deadLetterQueue !== undefined) {
      await channel.assertQueue(deadLetterQueue, quorum());
      await channel.bindQueue(deadLetterQueue, topology.deadLetterExchange, deadLetterQueue);
    }
    const deadLetters = deadLetterQueue && {
      'x-dead-letter-exchange': topology.deadLetterExchange,
      'x-dead-letter-routing-key': deadLetterQueue,
    };
    await channel.assertQueue(name, quorum(deadLetters || {}));
    for (const binding of bindings) await channel.bindQueue(name, topology.exchange, binding);
  }
}
