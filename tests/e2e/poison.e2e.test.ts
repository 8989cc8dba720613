import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { deadLetterQueueOf, EVENTS_EXCHANGE, OUTBOX_APP_ID, WATERMARK_TOPIC } from '@tallyline/contracts/topology';
import { eventually } from '@tallyline/local/testing/eventually';
import { type ChannelModel, type ConfirmChannel, type ConsumeMessage, connect } from 'amqplib';
import { openSuite } from '../setup/suite.js';

let broker: ChannelModel;
let channel: ConfirmChannel;
// Ahead of the suite's end, which would close it from the other side.
afterAll(() => broker.close());
const suite = await openSuite();
beforeAll(async () => {
  broker = await connect(suite.brokerUrl);
  channel = await broker.createConfirmChannel();
});

const order = {
  eventType: 'OrderCreated',
  occurredAt: '2026-01-01T00:00:00.000Z',
  orderId: 900_000_001,
  customerId: 1,
  total: 1,
  items: [{ productId: 1, category: 'Light', quantity: 1, price: 1 }],
};
const json = (value: object) => Buffer.from(JSON.stringify(value));

test.each([
  ['bytes that are no text', Buffer.from([0xff, 0xfe, 0x00, 0x7b]), /^undecodable/],
  ['half a JSON', Buffer.from('{"eventType":'), /^undecodable/],
  ['a body that fails its schema', json({ ...order, total: 'many' }), /^not a valid OrderCreated: total/],
  ['an unknown type', json({ ...order, eventType: 'OrderDreamt' }), /^unknown event type "OrderDreamt"/],
  ['an unknown version', json({ ...order, version: 2 }), /^not a valid OrderCreated: version/],
  ['a row that the database refuses', json({ ...order, occurredAt: '0000-01-01T00:00:00Z' }), /^unappliable/],
])('%s goes to the dead letters alone, with its reason; its neighbours are applied', async (_kind, body, reason) => {
  const poisonId = randomUUID();
  const neighbours = [1, 2, 3, 4].map((n) => ({ ...order, orderId: Math.floor(Math.random() * 1e12) + n }));
  const publish = (content: Buffer, messageId: string) =>
    channel.publish(EVENTS_EXCHANGE, 'order.created', content, {
      messageId,
      persistent: true,
      headers: { mine: 'kept' },
    });
  for (const neighbour of neighbours.slice(0, 2)) publish(json(neighbour), randomUUID());
  publish(body, poisonId);
  for (const neighbour of neighbours.slice(2)) publish(json(neighbour), randomUUID());
  await channel.waitForConfirms();

  const letter = await eventually(nextLetter);
  expect(letter.content.equals(body)).toBe(true);
  expect(letter.properties.messageId).toBe(poisonId);
  expect(letter.properties.headers).toMatchObject({
    mine: 'kept',
    'x-reason': expect.stringMatching(reason),
    'x-first-seen-at': expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    'x-origin-queue': 'order-events',
    'x-origin-exchange': 'events',
    'x-origin-routing-key': 'order.created',
  });
  await eventually(async () => {
    const ids = neighbours.map(({ orderId }) => orderId);
    const { rowCount } = await suite.read.query('SELECT 1 FROM orders_read WHERE order_id = ANY($1::bigint[])', [ids]);
    expect(rowCount).toBe(neighbours.length);
  });
  expect(await nextLetter().catch(() => undefined)).toBeUndefined();
  const { rows } = await suite.read.query('SELECT reason FROM dead_letters WHERE event_id = $1', [poisonId]);
  expect(rows).toEqual([{ reason: expect.stringMatching(reason) }]);
});

test('what calls itself ours and tells of a time that no clock shows holds up nobody', async () => {
  const year0 = '0000-01-01T00:00:00Z';
  const told = { measuredAt: year0, from: year0, isFirst: true, seconds: [], waiting: 0 };
  channel.publish(EVENTS_EXCHANGE, WATERMARK_TOPIC, json(told), { appId: OUTBOX_APP_ID });
  const orderIds = [1, 2, 3].map((n) => Math.floor(Math.random() * 1e12) + n);
  for (const [n, messageId] of ['ffffffff-ffff-7fff-bfff-ffffffffffff', '01234567-89ab-7-b', randomUUID()].entries()) {
    const body = json({ ...order, orderId: orderIds[n] });
    channel.publish(EVENTS_EXCHANGE, 'order.created', body, { messageId, appId: OUTBOX_APP_ID });
  }
  await channel.waitForConfirms();
  const publishedAt = new Date();
  await eventually(async () => {
    const { rowCount } = await suite.read.query('SELECT 1 FROM orders_read WHERE order_id = ANY($1::bigint[])', [
      orderIds,
    ]);
    expect(rowCount).toBe(orderIds.length);
  });
  const later = "SELECT second FROM event_ledger WHERE second > now() + interval '1 hour'";
  expect((await suite.read.query(later)).rows).toEqual([]);
  // The write side's own watermarks come behind the forged one.
  await eventually(async () => {
    const { rows } = await suite.read.query('SELECT measured_at >= $1 AS "isTold" FROM sync_state', [publishedAt]);
    expect(rows).toEqual([{ isTold: true }]);
  });
});

async function nextLetter(): Promise<ConsumeMessage> {
  const letter = await channel.get(deadLetterQueueOf('order-events'), { noAck: true });
  if (letter === false) throw new Error('the dead-letter queue is empty');
  return letter as unknown as ConsumeMessage;
}
