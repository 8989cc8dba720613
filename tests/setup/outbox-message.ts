import type { ConsumeMessage } from 'amqplib';
import { v7 as uuidv7 } from 'uuid';

const SOURCE = '0199aaaa-bbbb-4ccc-8ddd-000000000001';

interface Given {
  readonly id?: string;
  readonly headers?: object;
  readonly properties?: object;
}

/** A message as the outbox publishes it and a consumer receives it. */
export function outboxMessage(body: object, { id = uuidv7(), headers, properties }: Given = {}): ConsumeMessage {
  const given = {
    messageId: id,
    type: 'OrderCreated',
    appId: 'command-service',
    contentType: 'application/json',
    timestamp: 1_795_162_666,
    headers: { 'cloudEvents:source': `/command-service/${SOURCE}`, traceparent: 'trace', ...headers },
    ...properties,
  };
  return {
    content: Buffer.from(JSON.stringify(body)),
    fields: { exchange: 'events', routingKey: 'order.created', consumerTag: 'c', deliveryTag: 1, redelivered: false },
    properties: given,
  } as unknown as ConsumeMessage;
}

let orders = 0;

/** The body of an order event. Each has an order, a product and a customer of its own. */
export function orderBody(more: object = {}) {
  orders += 1;
  return {
    eventType: 'OrderCreated',
    occurredAt: '2026-11-20T08:17:46.438Z',
    orderId: orders,
    customerId: orders,
    total: 4.5,
    items: [{ productId: orders, category: 'Kitchen', quantity: 1, price: 4.5 }],
    ...more,
  };
}
