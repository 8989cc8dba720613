import { z } from 'zod';
import { type EventDeclaration, newestVersionOf } from './event-versions.js';
import { events } from './events.js';
import { schemaOf } from './read-event.js';
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

/**
 * Builds the AsyncAPI 3 document of the events from their schemas and the topology. Each version of an event is a message: the
 * newest has the name of the type, and version 1 before it is called `OrderCreated.v1`.
 */
export function asyncApiDocument(declarations: Readonly<Record<string, EventDeclaration>> = events) {
  const all = Object.entries(declarations);
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Tallyline events',
      version: '1.0.0',
      description:
        'Facts that command-service has stored. Each is published at least once, in any order. ' +
        'Readers deduplicate by `messageId` and ignore fields that they do not know. ' +
        'A field `version` in the body names the version of its type; a body without it has version 1.',
      license: { name: 'MIT' },
    },
    defaultContentType: 'application/json',
    servers: { broker: { host: '127.0.0.1:5672', protocol: 'amqp', description: 'RabbitMQ' } },
    channels: Object.fromEntries(all.map(([type, declaration]) => [type, channel(type, declaration)])),
    operations: Object.fromEntries(all.flatMap(([type, declaration]) => operations(type, declaration))),
    components: { messages: Object.fromEntries(all.flatMap(([type, declaration]) => messages(type, declaration))) },
  };
}

/** The names of the messages of a type, newest version first. */
function namesOf(type: string, { earlier }: EventDeclaration): readonly string[] {
  return [type, ...earlier.map(({ version }) => `${type}.v${version}`).reverse()];
}

function channel(type: string, declaration: EventDeclaration) {
  const exchange = { name: EVENTS_EXCHANGE, type: 'topic', durable: true, autoDelete: false };
  return {
    address: declaration.topic,
    messages: Object.fromEntries(
      namesOf(type, declaration).map((name) => [name, { $ref: `#/components/messages/${name}` }]),
    ),
    bindings: { amqp: { is: 'routingKey', exchange, bindingVersion: '0.3.0' } },
  };
}

function operations(type: string, declaration: EventDeclaration) {
  const queue = queueOf(declaration.topic);
  const messages = namesOf(type, declaration).map((name) => ({ $ref: `#/channels/${type}/messages/${name}` }));
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

function messages(type: string, declaration: EventDeclaration) {
  const newest = newestVersionOf(declaration);
  return namesOf(type, declaration).map((name, index) => {
    const version = newest - index;
    return [name, message(type, name, schemaOf(declaration, version) as z.ZodType, version)] as const;
  });
}

function message(type: string, name: string, schema: z.ZodType, version: number) {
  // AsyncAPI uses draft 7. With "input" the schema allows fields that a reader does not know.
  const { $schema, ...payload } = z.toJSONSchema(schema, { target: 'draft-7', io: 'input' });
  return {
    name,
    title: `${type}, version ${version}`,
    contentType: 'application/json',
    headers,
    payload,
    bindings: { amqp: { messageType: type, bindingVersion: '0.3.0' } },
  };
}
