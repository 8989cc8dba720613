import { expect, test } from '@jest/globals';
import { createLogger } from '@tallyline/chassis/process/logger';
import type { ConsumeMessage } from 'amqplib';
import { openTestDatabase } from '../../../tests/setup/test-database.js';
import type { PublisherLink } from '../subscription/publisher-link.js';
import { applyDeliveries } from './apply-deliveries.js';
import { deliveryOf } from './delivery.js';

const { pool } = await openTestDatabase('read');

test('unreadable messages with the same id each keep their own body as dead letters', async () => {
  const sentBodies: string[] = [];
  const publish: PublisherLink['publish'] = async ({ body }) => {
    sentBodies.push(body.toString());
    return 'confirmed';
  };
  const occurredAt = '2026-11-21T00:00:00.000Z';
  const good = {
    eventType: 'ProductCreated',
    occurredAt,
    productId: 1,
    name: 'Mug',
    category: 'A',
    price: 1,
    stock: 1,
  };
  const bodies = ['first', 'second', JSON.stringify(good)];
  const deliveries = bodies.map((body) => {
    const fields = { exchange: 'events', routingKey: 'product.created' };
    const message = { content: Buffer.from(body), fields, properties: { messageId: 'fixed', headers: {} } };
    return deliveryOf('product-events', message as unknown as ConsumeMessage);
  });
  await applyDeliveries({ pool, log: createLogger('test', 'silent', 'json'), publish }, deliveries);
  expect(sentBodies).toEqual(['first', 'second']);
});
