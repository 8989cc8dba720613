import { randomUUID } from 'node:crypto';
import { EVENTS_EXCHANGE } from '@tallyline/contracts/topology';
import { eventually } from '@tallyline/local/testing/eventually';
import type { Fault } from '../fault.js';
import { withChannel } from '../world/broker-access.js';

const order = {
  eventType: 'OrderCreated',
  occurredAt: '2026-01-01T00:00:00.000Z',
  orderId: 900_000_001,
  customerId: 1,
  total: 1,
  items: [{ productId: 1, category: 'Light', quantity: 1, price: 1 }],
};
const json = (value: object) => Buffer.from(JSON.stringify(value));

/** A message of each kind that cannot be applied, with the reason that its dead letter must have. */
const badMessages = [
  { body: Buffer.from([0xff, 0xfe, 0x00, 0x7b]), reason: 'undecodable' },
  { body: Buffer.from('{"eventType":"OrderCreated",'), reason: 'undecodable' },
  { body: json({ ...order, total: 'many' }), reason: 'not a valid OrderCreated' },
  { body: json({ ...order, eventType: 'OrderDreamt' }), reason: 'unknown event type' },
  { body: json({ ...order, version: 2 }), reason: 'not a valid OrderCreated' },
  { body: json({ ...order, occurredAt: '0000-01-01T00:00:00Z' }), reason: 'unappliable' },
] as const;

/** Sends each kind three times among orders. Only these messages must become dead letters; the orders must be applied. */
export const deadLettersOfEachKind: Fault = {
  name: 'dead-letters-of-each-kind',
  strike: async ({ world, shoppers }) => {
    for (let round = 0; round < 3; round += 1) {
      await withChannel(world.brokerUrl, async (channel) => {
        for (const { body } of world.random.shuffled(badMessages)) {
          const messageId = randomUUID();
          world.badMessageIds.add(messageId);
          channel.publish(EVENTS_EXCHANGE, 'order.created', body, { messageId, persistent: true });
        }
      });
      await shoppers.moreAccepted(15);
    }
    await eventually(async () => {
      const { rows } = await world.read.query('SELECT count(*) AS n FROM dead_letters');
      if (Number(rows[0].n) < world.badMessageIds.size)
        throw new Error(`${rows[0].n} of ${world.badMessageIds.size} are recorded`);
    });
    return { proof: `${world.badMessageIds.size} messages of ${badMessages.length} kinds became dead letters` };
  },
};
