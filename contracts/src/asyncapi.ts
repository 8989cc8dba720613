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
      description: 'Changes when the history of the write database may have changed: a fail-over, a restore',
    },
    'cloudEvents:time': { type: 'string', format: 'date-time' },
  },
};

/** The AsyncAPI 3 document of the events, made of the schemas that validate them and the topology that carries them. */
export function asyncApiDocument() {
  const all = Object.entries(events);
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Tallyline events',
      version: '1.0.0',
      description:
        'Facts that command-service has stored, each published at least once and in no promised order. ' +
        'Deduplicate by `messageId`. Readers ignore fields that they do not know.',
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
  const of = { channel: { $ref: `#/channels/${type}` }, messages };
  const send = {
    action: 'send',
    title: `command-service publishes ${type}`,
    ...of,
    bindings: { amqp: { deliveryMode: 2, mandatory: true, timestamp: true, bindingVersion: '0.3.0' } },
  };
  const receive = {
    action: 'receive',
    title: `consumer-service counts ${type}`,
    description: `From queue \`${queue}\`; what cannot be applied goes to \`${deadLetterQueueOf(queue)}\`.`,
    ...of,
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
  // Draft 7 is what AsyncAPI builds on; "input" leaves room for fields that a reader does not know.
  const { $schema, ...payload } = z.toJSONSchema(schema, { target: 'draft-7', io: 'input' });
  return {
    name: type,
    contentType: 'application/json',
    headers,
    payload,
    bindings: { amqp: { messageType: type, bindingVersion: '0.3.0' } },
  };
}
