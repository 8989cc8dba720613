import { EVENTS_EXCHANGE, eventQueues } from '@tallyline/contracts/topology';
import { eventually } from '@tallyline/local/testing/eventually';
import type { Channel, ConsumeMessage } from 'amqplib';
import type { Fault, Strike } from '../fault.js';
import { withChannel } from '../world/broker-access.js';

const ORDERS = 'order-events' satisfies keyof typeof eventQueues;
const ORDER_KEYS = eventQueues[ORDERS];
const TAP = 'tap';
const FLUSH_INTERVAL_MS = 2_000;

/**
 * Binds another queue beside order-events and passes its messages to `onMessage`, which puts them into order-events.
 */
function tapped<T>(
  { world }: Strike,
  onMessage: (message: ConsumeMessage, channel: Channel) => void,
  work: (channel: Channel) => Promise<T>,
): Promise<T> {
  return withChannel(world.brokerUrl, async (channel) => {
    await channel.assertQueue(TAP, { durable: false, autoDelete: false });
    for (const key of ORDER_KEYS) await channel.bindQueue(TAP, EVENTS_EXCHANGE, key);
    await channel.consume(TAP, (message) => message && onMessage(message, channel), { noAck: true });
    return await work(channel);
  });
}

function deliver(channel: Channel, { content, properties }: ConsumeMessage): void {
  channel.sendToQueue(ORDERS, content, { ...properties, persistent: true });
}

/** Delivers every order event once, and up to four copies of it. */
export const redelivered: Fault = {
  name: 'delivered-up-to-five-times',
  options: { consumers: 2 },
  strike: async (strike) => {
    const random = strike.world.random.fork('copies');
    let copies = 0;
    const onMessage = (message: ConsumeMessage, channel: Channel) => {
      for (let left = random.int(0, 4); left > 0; left -= 1) {
        deliver(channel, message);
        copies += 1;
      }
    };
    await tapped(strike, onMessage, async (channel) => {
      await strike.shoppers.moreAccepted(150);
      for (const key of ORDER_KEYS) await channel.unbindQueue(TAP, EVENTS_EXCHANGE, key);
      await channel.deleteQueue(TAP);
    });
    if (copies < 100) throw new Error(`only ${copies} copies were made`);
    return { proof: `${copies} copies of 150 orders' events were delivered` };
  },
};

/** Puts order events into the queue thirty at a time, in a random order that the seed decides. */
export const shuffled: Fault = {
  name: 'shuffled-to-three-consumers',
  options: { consumers: 3 },
  strike: async (strike) => {
    const random = strike.world.random.fork('shuffle');
    const held: ConsumeMessage[] = [];
    let moved = 0;
    const flush = (channel: Channel) => {
      const order = random.shuffled(held);
      moved += order.filter((message, index) => message !== held[index]).length;
      for (const message of order) deliver(channel, message);
      held.length = 0;
    };
    const onMessage = (message: ConsumeMessage, channel: Channel) => {
      held.push(message);
      if (held.length >= 30) flush(channel);
    };
    await tapped(strike, onMessage, async (channel) => {
      for (const key of ORDER_KEYS) await channel.unbindQueue(ORDERS, EVENTS_EXCHANGE, key);
      // Events must not be held for long: after 10 s the read side would request a replay.
      const timer = setInterval(() => flush(channel), FLUSH_INTERVAL_MS);
      await strike.shoppers.moreAccepted(150).finally(() => clearInterval(timer));
      for (const key of ORDER_KEYS) {
        await channel.bindQueue(ORDERS, EVENTS_EXCHANGE, key);
        await channel.unbindQueue(TAP, EVENTS_EXCHANGE, key);
      }
      await eventually(async () => {
        const { messageCount } = await channel.checkQueue(TAP);
        if (messageCount > 0) throw new Error('the tap still holds events');
      });
      await channel.deleteQueue(TAP);
      flush(channel);
    });
    if (moved < 50) throw new Error(`only ${moved} events changed their place`);
    return { proof: `${moved} events came in another place of the order` };
  },
};
