import { frameReader, type Protocol } from './frames.js';

const PROTOCOL_HEADER_SIZE = 8;
const FRAME_OVERHEAD = 8;
const METHOD = 1;
const PAYLOAD_AT = 7;

const names: Readonly<Record<string, string>> = {
  '10.60': 'blocked',
  '10.61': 'unblocked',
  '60.30': 'cancel',
  '60.40': 'publish',
  '60.50': 'return',
  '60.60': 'deliver',
  '60.80': 'ack',
  '60.120': 'nack',
};

/**
 * AMQP 0-9-1 sends frames of type, channel, size, payload and an end byte. The client's greeting of eight bytes comes first.
 * Labels: `> publish order.created`, `< deliver order.created` (the routing key), `> ack`, `< ack`, `< blocked`.
 * https://www.rabbitmq.com/resources/specs/amqp0-9-1.pdf (section 4.2)
 */
export const amqpProtocol: Protocol = (direction) => {
  let greeted = direction === '<';
  const sizeOf = (data: Buffer) => {
    if (!greeted) return PROTOCOL_HEADER_SIZE;
    return data.length < PAYLOAD_AT ? undefined : data.readUInt32BE(3) + FRAME_OVERHEAD;
  };
  const labelOf = (frame: Buffer) => {
    const isGreeting = !greeted;
    greeted = true;
    return isGreeting ? '> Greeting' : `${direction} ${nameOf(frame)}`;
  };
  return frameReader(sizeOf, labelOf);
};

function nameOf(frame: Buffer): string {
  if (frame.readUInt8(0) !== METHOD) return '';
  const name = names[`${frame.readUInt16BE(PAYLOAD_AT)}.${frame.readUInt16BE(PAYLOAD_AT + 2)}`] ?? '';
  const routingKey = name === 'publish' || name === 'deliver' ? ` ${routingKeyOf(frame, name)}` : '';
  return name + routingKey;
}

function routingKeyOf(frame: Buffer, name: 'publish' | 'deliver'): string {
  const skipText = (at: number) => at + 1 + frame.readUInt8(at);
  let at = PAYLOAD_AT + 4;
  // `publish` has two reserved bytes, exchange and key. `deliver` has consumer tag, delivery tag (8), redelivered (1), exchange and key.
  at = name === 'publish' ? at + 2 : skipText(at) + 9;
  at = skipText(at);
  return frame.toString('utf8', at + 1, skipText(at));
}
