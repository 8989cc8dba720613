import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Vhost } from '@tallyline/local/servers/vhost';
import { createTestVhost } from '@tallyline/local/testing/test-databases';
import { type ChannelModel, type ConfirmChannel, connect } from 'amqplib';
import { createPublisher } from './publisher.js';

let vhost: Vhost;
let broker: ChannelModel;
let channel: ConfirmChannel;
beforeAll(async () => {
  vhost = await createTestVhost();
  broker = await connect(vhost.brokerUrl);
  channel = await broker.createConfirmChannel();
});
afterAll(async () => {
  await broker.close();
  await vhost.drop();
});

test('reports a message that no queue takes as returned, although the broker confirms it', async () => {
  await channel.assertExchange('facts', 'topic');
  await channel.assertQueue('known');
  await channel.bindQueue('known', 'facts', 'known.*');
  const message = (routingKey: string, messageId: string) => {
    return { exchange: 'facts', routingKey, body: Buffer.from(messageId), properties: { messageId } };
  };
  const publisher = createPublisher(channel);
  const messages = [message('known.a', '1'), message('unknown.b', '2'), message('known.c', '3')];
  expect(await publisher.publishAll(messages, (message) => message)).toEqual(['confirmed', 'returned', 'confirmed']);
  expect((await channel.checkQueue('known')).messageCount).toBe(2);

  await channel.bindQueue('known', 'facts', 'unknown.*');
  expect(await publisher.publish(message('unknown.b', '2'))).toBe('confirmed');
});

test('reports refused for a full queue and failed for an ended channel', async () => {
  await channel.assertQueue('full', { arguments: { 'x-max-length': 1, 'x-overflow': 'reject-publish' } });
  const message = (messageId: string) => ({
    exchange: '',
    routingKey: 'full',
    body: Buffer.from(messageId),
    properties: { messageId },
  });
  const publisher = createPublisher(channel);
  expect(await publisher.publish(message('1'))).toBe('confirmed');
  expect(await publisher.publish(message('2'))).toBe('refused');

  const ended = await broker.createConfirmChannel();
  const itsPublisher = createPublisher(ended);
  await ended.close();
  expect(await itsPublisher.publish(message('3'))).toBe('failed');
});

test('sends each message with the headers that a shared object held when the message was made', async () => {
  await channel.assertQueue('shared');
  const headers = { number: '' };
  const numbers = Array.from({ length: 150 }, (_, index) => String(index));
  await createPublisher(channel).publishAll(numbers, (number) => {
    headers.number = number;
    return { exchange: '', routingKey: 'shared', body: Buffer.from('{}'), properties: { messageId: number, headers } };
  });
  const arrived: unknown[] = [];
  for (let message = await channel.get('shared', { noAck: true }); message; ) {
    arrived.push([message.properties.messageId, message.properties.headers]);
    message = await channel.get('shared', { noAck: true });
  }
  expect(arrived).toEqual(numbers.map((number) => [number, { number }]));
});
