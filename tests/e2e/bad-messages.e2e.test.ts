import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { deadLetterQueueOf, EVENTS_EXCHANGE, OUTBOX_APP_ID, WATERMARK_TOPIC } from '@tallyline/contracts/topology';
import { eventually } from '@tallyline/local/testing/eventually';
import { type ChannelModel, type ConfirmChannel, type ConsumeMessage, connect } from 'amqplib';
import { badMessages, json, validOrder } from '../faults/load/bad-messages.js';
import { openSuite } from '../setup/suite.js';

let broker: ChannelModel;
let channel: ConfirmChannel;
// This hook is registered before the suite's, so the connection closes before the virtual host is deleted.
afterAll(() => broker.close());
const suite = await openSuite();
beforeAll(async () => {
  broker = await connect(suite.brokerUrl);
  channel = await broker.createConfirmChannel();
});

test.each(badMessages)(
  'a message with $kind becomes a dead letter with its reason, and its neighbours are applied',
  async (bad) => {
    const { body } = bad;
    const reason = new RegExp(`^${bad.reason}`);
    const badMessageId = randomUUID();
    const neighbours = [1, 2, 3, 4].map((n) => ({ ...validOrder, orderId: Math.floor(Math.random() * 1e12) + n }));
    const publish = (content: Buffer, messageId: string) =>
      channel.publish(EVENTS_EXCHANGE, 'order.created', content, {
        messageId,
        persistent: true,
        headers: { mine: 'kept' },
      });
    for (const neighbour of neighbours.slice(0, 2)) publish(json(neighbour), randomUUID());
    publish(body, badMessageId);
    for (const neighbour of neighbours.slice(2)) publish(json(neighbour), randomUUID());
    await channel.waitForConfirms();

    const deadLetter = await eventually(nextDeadLetter);
    expect(deadLetter.content.equals(body)).toBe(true);
    expect(deadLetter.properties.messageId).toBe(badMessageId);
    expect(deadLetter.properties.headers).toMatchObject({
      mine: 'kept',
      'x-reason': expect.stringMatching(reason),
      'x-first-seen-at': expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      'x-origin-queue': 'order-events',
      'x-origin-exchange': 'events',
      'x-origin-routing-key': 'order.created',
    });
    await eventually(async () => {
      const ids = neighbours.map(({ orderId }) => orderId);
      const { rowCount } = await suite.read.query('SELECT 1 FROM orders_read WHERE order_id = ANY($1::bigint[])', [
        ids,
      ]);
      expect(rowCount).toBe(neighbours.length);
    });
    expect(await nextDeadLetter().catch(() => undefined)).toBeUndefined();
    const { rows } = await suite.read.query('SELECT reason FROM dead_letters WHERE event_id = $1', [badMessageId]);
    expect(rows).toEqual([{ reason: expect.stringMatching(reason) }]);
  },
);

test('forged watermarks and event ids with impossible times do not delay other events', async () => {
  const year0 = '0000-01-01T00:00:00Z';
  const forged = { measuredAt: year0, from: year0, isFirst: true, seconds: [], waiting: 0 };
  channel.publish(EVENTS_EXCHANGE, WATERMARK_TOPIC, json(forged), { appId: OUTBOX_APP_ID });
  const orderIds = [1, 2, 3].map((n) => Math.floor(Math.random() * 1e12) + n);
  for (const [n, messageId] of ['ffffffff-ffff-7fff-bfff-ffffffffffff', '01234567-89ab-7-b', randomUUID()].entries()) {
    const body = json({ ...validOrder, orderId: orderIds[n] });
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
  // The watermarks of the write side are applied after the forged one.
  await eventually(async () => {
    const { rows } = await suite.read.query('SELECT measured_at >= $1 AS "isNewer" FROM sync_state', [publishedAt]);
    expect(rows).toEqual([{ isNewer: true }]);
  });
});

async function nextDeadLetter(): Promise<ConsumeMessage> {
  const message = await channel.get(deadLetterQueueOf('order-events'), { noAck: true });
  if (message === false) throw new Error('the dead-letter queue is empty');
  return message as unknown as ConsumeMessage;
}
