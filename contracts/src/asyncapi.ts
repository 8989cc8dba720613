import { z } from 'zod';
import { events } from './events.js';
import { deadLetterQueueOf, EVENTS_EXCHANGE, eventQueues } from './topology.js';

const headers = {
  type: 'object',
  properties: {
    traceparent: { type: 'string', description: 'W3C trace context of the request that caused the event' },
    'cloudEvents:specversion': { type: 'string', const: '1.0' },
    'cloudEvents:id': { type: 'string', format: 'uuid' },
    'cloudEvents:type': { type: 'string' },
    'cloudEvents:source': {
      type: 'string',
      description: '`/command-service/` and the identity that the write database has stored',
    },
    'cloudEvents:epoch': {
      type: 'string',
      description: 'Changes when the history of the write database may have changed, as after a fail-over or a restore',
    },
    'cloudEvents:time': { type: 'string', format: 'date-time' },
  },
};

/** Builds the AsyncAPI 3 document of the events from their schemas and the topology. */
export function asyncApiDocument() {
  const all = Object.entries(events);
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Tallyline events',
      version: '1.0.0',
      description:
        'Facts that command-service has stored. Each is published at least once, in any order. ' +
        'Readers deduplicate by `messageId` and ignore fields that they do not know.',
      license: { name: 'MIT' },
    },
    defaultContentType: 'application/json',
    servers: { broker: { host: '127.0.0.1:5672', protocol: 'amqp', description: 'RabbitMQ' } },
    channels: Object.fromEntries(all.map(([type, { topic }]) => [type, channel(type, topic)])),
    operations: Object.fromEntries(all.flatMap(([type, { topic }]) => operations(type, topic))),
    components: { messages: Object.fromEntries(all.map(([type, { schema }]) => [type, message(type, schema)])) },
  };
}

function channel(type: string, topic: string) {
  const exchange = { name: EVENTS_EXCHANGE, type: 'topic', durable: true, autoDelete: false };
  return {
    address: topic,
    messages: { [type]: { $ref: `#/components/messages/${type}` } },
    bindings: { amqp: { is: 'routingKey', exchange, bindingVersion: '0.3.0' } },
  };
}

function operations(type: string, topic: string) {
  const queue = queueOf(topic);
  const messages = [{ $ref: `#/channels/${type}/messages/${type}` }];
  const common = { channel: { $ref: `#/channels/${type}` }, messages };
  const send = {
    action: 'send',
    title: `command-service publishes ${type}`,
    ...common,
    bindings: { amqp: { deliveryMode: 2, mandatory: true, timestamp: true, bindingVersion: '0.3.0' } },
  };
  const receive = {
    action: 'receive',
    title: `consumer-service applies ${type}`,
    description: `From queue \`${queue}\`; a message that cannot be applied goes to \`${deadLetterQueueOf(queue)}\`.`,
    ...common,
    bindings: { amqp: { ack: true, bindingVersion: '0.3.0' } },
  };
  return [
    [`publish${type}`, send],
    [`count${type}`, receive],
  ];
}

function queueOf(topic: string): string {
  const found = Object.entries(eventQueues).find(([, keys]) =>
    keys.some((key) => key.split('.')[0] === topic.split('.')[0]),
  );
  if (found === undefined) throw new Error(`no queue is bound for ${topic}`);
  return found[0];
}

function message(type: string, schema: z.ZodType) {
  // AsyncAPI uses draft 7. With "input" the schema allows fields that a reader does not know.
  const { $schema, ...payload } = z.toJSONSchema(schema, { target: 'draft-7', io: 'input' });
  return {
    name: type,
    contentType: 'application/json',
    headers,
    payload,
    bindings: { amqp: { messageType: type, bindingVersion: '0.3.0' } },
  };
}
