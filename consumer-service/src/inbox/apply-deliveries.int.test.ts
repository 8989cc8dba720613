import { expect, test } from '@jest/globals';
import { createLogger } from '@tallyline/chassis/process/logger';
import type { ConsumeMessage } from 'amqplib';
import { openTestDatabase } from '../../../tests/setup/test-database.js';
import type { Outbound } from '../outbound.js';
import { applyDeliveries } from './apply-deliveries.js';
import { deliveryOf } from './delivery.js';

const { pool } = await openTestDatabase('read');

test('bad messages that call themselves by one id are set aside each with its own body', async () => {
  const letters: string[] = [];
  const publish: Outbound['publish'] = async ({ body }) => {
    letters.push(body.toString());
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
  expect(letters).toEqual(['first', 'second']);
});
