import { beforeEach, expect, test } from '@jest/globals';
import type { OutgoingMessage, PublishOutcome } from '@tallyline/chassis/broker/publisher';
import { createLogger } from '@tallyline/chassis/process/logger';
import type { ConsumeMessage } from 'amqplib';
import { orderBody, outboxMessage } from '../../../tests/setup/outbox-message.js';
import { openTestDatabase } from '../../../tests/setup/test-database.js';
import { applyBatch } from '../inbox/apply-batch.js';
import { applyDeliveries } from '../inbox/apply-deliveries.js';
import { deliveryOf } from '../inbox/delivery.js';
import { viewTables } from '../projections/index.js';
import { createParkedEvents } from './apply-parked.js';
import { parkedEventOf } from './parked-event.js';

const { pool } = await openTestDatabase('read', {
  emptied: [...viewTables, 'processed_events', 'event_archive', 'event_ledger', 'dead_letters', 'parked_events'],
});

let sent: OutgoingMessage[] = [];
let answer: PublishOutcome | 'blocked' = 'confirmed';
/** The parked events at each publish. */
let parkedAtPublish: number[] = [];
beforeEach(() => {
  sent = [];
  answer = 'confirmed';
  parkedAtPublish = [];
});

const dependencies = {
  pool,
  log: createLogger('test', 'silent', 'json'),
  publish: async (message: OutgoingMessage) => {
    sent.push(message);
    parkedAtPublish.push((await countOf()).parked);
    return answer;
  },
};

/** Looks for parked events that can be applied, page by page. Returns how many pages there were. */
async function look(parkedEvents = createParkedEvents(dependencies)): Promise<number> {
  let pages = 0;
  while ((await parkedEvents.runOnce()) === 'busy') pages += 1;
  return pages;
}

/** Parks a message as an earlier release would: one that does not know its type, or only an earlier version. */
async function park(...messages: ConsumeMessage[]): Promise<void> {
  const parked = messages.flatMap((message) => {
    const { eventType: type, version = 1 } = JSON.parse(message.content.toString());
    const { messageId: id } = message.properties;
    const origin = { queue: 'order-events', fromOutbox: true, source: undefined };
    return parkedEventOf({ kind: 'newer', id, type, version, reason: 'newer', ...origin }, message) ?? [];
  });
  await applyBatch(pool, { events: [], deadLetters: [], parked, watermarks: [] });
}

async function countOf(): Promise<{ parked: number; applied: number; deadLetters: number; accounted: number }> {
  const { rows } = await pool.query(
    `SELECT (SELECT count(*)::int FROM parked_events) AS parked,
            (SELECT count(*)::int FROM customer_ltv_view WHERE order_count = 1) AS applied,
            (SELECT count(*)::int FROM dead_letters) AS "deadLetters",
            (SELECT COALESCE(sum(settled), 0)::int FROM event_ledger) AS accounted`,
  );
  return rows[0];
}

test('a parked event that this release knows is applied and archived as if it had just been delivered', async () => {
  const [parked, direct] = [outboxMessage(orderBody()), outboxMessage(orderBody())];
  await park(parked);
  expect(await countOf()).toEqual({ parked: 1, applied: 0, deadLetters: 0, accounted: 1 });
  await look();
  await applyDeliveries(dependencies, [deliveryOf('order-events', direct)]);
  expect(await countOf()).toEqual({ parked: 0, applied: 2, deadLetters: 0, accounted: 2 });
  const { rows } = await pool.query(
    'SELECT event_id, body, event_type, queue, occurred_at, counted, app_id, traceparent FROM event_archive',
  );
  const archived = new Map(rows.map(({ event_id, body, ...row }) => [event_id, { row, body }]));
  for (const { properties, content } of [parked, direct])
    expect(archived.get(properties.messageId)?.body).toBe(content.toString());
  expect(archived.get(parked.properties.messageId)?.row).toEqual(archived.get(direct.properties.messageId)?.row);
});

test('a parked event that this release does not know either stays parked', async () => {
  await park(outboxMessage(orderBody({ version: 99 })), outboxMessage(orderBody({ eventType: 'OrderCancelled' })));
  expect(await look()).toBe(0);
  expect(await countOf()).toEqual({ parked: 2, applied: 0, deadLetters: 0, accounted: 2 });
});

test('a parked event that is not valid becomes the dead letter that direct delivery makes', async () => {
  const [parked, direct] = [orderBody({ total: 1.001 }), orderBody({ total: 1.001 })].map((body) =>
    outboxMessage(body),
  ) as [ConsumeMessage, ConsumeMessage];
  await park(parked);
  await look();
  await applyDeliveries(dependencies, [deliveryOf('order-events', direct)]);
  expect(await countOf()).toEqual({ parked: 0, applied: 0, deadLetters: 2, accounted: 2 });
  const { rows } = await pool.query('SELECT event_id AS id, queue, reason, counted FROM dead_letters');
  const of = (message: ConsumeMessage) => {
    const { id, ...row } = rows.find((one) => one.id === message.properties.messageId);
    const copy = sent.find(({ properties }) => properties.messageId === id);
    const { headers, messageId, ...properties } = copy?.properties ?? {};
    const expected = { ...headers, 'x-first-seen-at': 'a time', 'x-origin-message-id': 'an id' };
    return { row, properties, headers: expected, exchange: copy?.exchange, routingKey: copy?.routingKey };
  };
  expect(of(parked)).toEqual(of(direct));
  expect(sent.map(({ body }) => body.toString())).toEqual([parked, direct].map(({ content }) => content.toString()));
  // The first copy was confirmed while the event was still parked.
  expect(parkedAtPublish).toEqual([1, 0]);
});

test.each(['refused', 'blocked'] as const)(
  'a parked event that is not valid stays parked while its dead-letter queue answers "%s"',
  async (outcome) => {
    const valid = outboxMessage(orderBody());
    await park(outboxMessage(orderBody({ total: 1.001 })), valid);
    answer = outcome;
    await look();
    expect(await countOf()).toEqual({ parked: 1, applied: 1, deadLetters: 1, accounted: 2 });
    answer = 'confirmed';
    await look();
    expect(await countOf()).toEqual({ parked: 0, applied: 1, deadLetters: 1, accounted: 2 });
  },
);

test('a look goes through all parked events in pages, by number and by size', async () => {
  await park(...Array.from({ length: 450 }, () => outboxMessage(orderBody())));
  await park(outboxMessage(orderBody({ version: 99 })));
  expect(await look()).toBe(3);
  expect(await countOf()).toMatchObject({ parked: 1, applied: 450 });
  await park(...Array.from({ length: 4 }, () => outboxMessage(orderBody({ giftText: 'x'.repeat(600_000) }))));
  expect(await look()).toBe(2);
  expect(await countOf()).toEqual({ parked: 1, applied: 454, deadLetters: 0, accounted: 455 });
});

test('two consumers that look at the same time apply each parked event once', async () => {
  await park(...Array.from({ length: 600 }, () => outboxMessage(orderBody())));
  await Promise.all([look(), look()]);
  await look();
  expect(await countOf()).toEqual({ parked: 0, applied: 600, deadLetters: 0, accounted: 600 });
});

test('a look that fails is repeated with the same page', async () => {
  await park(outboxMessage(orderBody()));
  const parkedEvents = createParkedEvents(dependencies);
  await pool.query('ALTER TABLE orders_read RENAME TO away');
  await expect(parkedEvents.runOnce()).rejects.toThrow('orders_read');
  await pool.query('ALTER TABLE away RENAME TO orders_read');
  await look(parkedEvents);
  expect(await countOf()).toEqual({ parked: 0, applied: 1, deadLetters: 0, accounted: 1 });
});

test.each([
  ['orders_read', 'OrderCreated'],
  ['products_read', 'ProductCreated'],
])('a look goes on with other types when no event can be written to %s, and fails at its end', async (table, type) => {
  const product = { productId: 1, name: 'Lamp', category: 'Kitchen', price: 1, stock: 1 };
  const created = { eventType: 'ProductCreated', occurredAt: '2026-11-20T08:17:46.438Z', ...product };
  await park(outboxMessage(orderBody()), outboxMessage(created, { properties: { type: 'ProductCreated' } }));
  const parkedEvents = createParkedEvents(dependencies);
  await pool.query(`ALTER TABLE ${table} RENAME TO away`);
  await expect(look(parkedEvents)).rejects.toThrow(table);
  await pool.query(`ALTER TABLE away RENAME TO ${table}`);
  expect((await pool.query('SELECT event_type AS type FROM parked_events')).rows).toEqual([{ type }]);
  await look(parkedEvents);
  expect(await countOf()).toMatchObject({ parked: 0, accounted: 2 });
});

test('a parked event that is redriven while another consumer makes it a dead letter keeps its message', async () => {
  const message = outboxMessage(orderBody({ total: 1.001 }));
  await park(message);
  const redriven: OutgoingMessage[] = [];
  // The dead-letter queue has the message, and an operator redrives it to an older consumer before this one goes on.
  const publish = async (outgoing: OutgoingMessage) => {
    redriven.push(outgoing);
    await park(message);
    return 'confirmed' as const;
  };
  await look(createParkedEvents({ ...dependencies, publish }));
  expect(redriven).toHaveLength(1);
  expect(await countOf()).toEqual({ parked: 1, applied: 0, deadLetters: 0, accounted: 1 });
  await look();
  expect(await countOf()).toEqual({ parked: 0, applied: 0, deadLetters: 1, accounted: 1 });
});
