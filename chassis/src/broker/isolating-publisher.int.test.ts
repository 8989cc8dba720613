import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { callManagement } from '@tallyline/local/servers/rabbitmq-ready';
import type { Vhost } from '@tallyline/local/servers/vhost';
import { createTestVhost } from '@tallyline/local/testing/test-databases';
import type { ChannelModel } from 'amqplib';
import { connectBroker } from './connection.js';
import { createIsolatingPublisher } from './isolating-publisher.js';
import type { Publisher } from './publisher.js';

const USER = `partner-${process.pid}`;
let vhost: Vhost;
let broker: ChannelModel;
let channelsOpened = 0;
let onClosed: () => void = () => undefined;
let publisher: Publisher;

const mayWrite = (topics: string) =>
  callManagement(vhost.managementUrl, 'PUT', `/api/topic-permissions/${vhost.vhost}/${USER}`, {
    exchange: 'facts',
    write: topics,
    read: '.*',
  });

beforeAll(async () => {
  vhost = await createTestVhost();
  await callManagement(vhost.managementUrl, 'PUT', `/api/users/${USER}`, { password: 'secret', tags: '' });
  const all = { configure: '.*', write: '.*', read: '.*' };
  await callManagement(vhost.managementUrl, 'PUT', `/api/permissions/${vhost.vhost}/${USER}`, all);
  await mayWrite('^order');
  broker = await connectBroker(
    Object.assign(new URL(vhost.brokerUrl), { username: USER, password: 'secret' }).href,
    'test',
  );
  const channel = await broker.createChannel();
  await channel.assertExchange('facts', 'topic');
  await channel.assertQueue('facts');
  await channel.bindQueue('facts', 'facts', '#');
  publisher = await createIsolatingPublisher({
    openChannel: async () => {
      channelsOpened += 1;
      const opened = await broker.createConfirmChannel();
      return opened.on('error', () => onClosed());
    },
    onSilence: () => undefined,
    onRefused: () => undefined,
  });
});
afterAll(async () => {
  await broker.close();
  await callManagement(vhost.managementUrl, 'DELETE', `/api/users/${USER}`);
  await vhost.drop();
});

let lastId = 0;
const message = (routingKey: string, properties: object = {}) => {
  lastId += 1;
  return {
    exchange: 'facts',
    routingKey,
    body: Buffer.from('{}'),
    properties: { messageId: `${lastId}`, ...properties },
  };
};
/** Counts the channels that `work` opens, after reopening one that an earlier test left closed. */
async function channelsOpenedBy(work: () => Promise<unknown>): Promise<number> {
  await publisher.publish(message('order.created'));
  const before = channelsOpened;
  await work();
  return channelsOpened - before;
}
const publishAll = (messages: readonly ReturnType<typeof message>[]) => publisher.publishAll(messages, (one) => one);

test('rejects messages of a denied topic with the reason and confirms the others', async () => {
  const messages = Array.from({ length: 200 }, (_, n) => message(n % 3 === 0 ? 'purchase.created' : 'order.created'));
  const outcomes = await publishAll(messages);
  expect(outcomes).toEqual(
    messages.map(({ routingKey }) => (routingKey.startsWith('order') ? 'confirmed' : 'rejected')),
  );
  expect(publisher.whyRejected('purchase.created', '1')).toEqual({
    reason: expect.stringContaining("access to topic 'purchase.created' in exchange 'facts'"),
    isOfRoutingKey: true,
  });
  expect(publisher.whyRejected('order.created', '2')).toBeUndefined();
});

test('opens no channel for messages of a topic that is known to be denied', async () => {
  const opened = await channelsOpenedBy(async () => {
    for (let times = 0; times < 20; times += 1) {
      const outcomes = await publishAll([message('purchase.created'), message('order.created')]);
      expect(outcomes).toEqual(['rejected', 'confirmed']);
    }
  });
  expect(opened).toBe(0);
});

test('gives each message its own outcome when some of many close the channel', async () => {
  const kinds = [{}, {}, { userId: 'somebody-else' }, {}];
  const batches = Array.from({ length: 8 }, () =>
    Array.from({ length: 25 }, (_, n) => message('order.placed', kinds[n % kinds.length])),
  );
  const outcomes = await Promise.all(batches.map(publishAll));
  for (const [at, batch] of batches.entries()) {
    expect(outcomes[at]).toEqual(batch.map(({ properties }) => ('userId' in properties ? 'rejected' : 'confirmed')));
  }
});

test('finds the one message that the broker rejects, and rejects only it when it is published again', async () => {
  const forged = message('order.created', { userId: 'somebody-else' });
  const messages = [...Array.from({ length: 50 }, () => message('order.created')), forged];
  expect((await publishAll(messages)).filter((outcome) => outcome !== 'confirmed')).toEqual(['rejected']);
  expect(publisher.whyRejected('order.created', forged.properties.messageId)).toEqual({
    reason: expect.stringContaining("user_id property set to 'somebody-else'"),
    isOfRoutingKey: false,
  });
  const opened = await channelsOpenedBy(async () => {
    const outcomes = await publishAll([message('order.created'), forged, message('order.created')]);
    expect(outcomes).toEqual(['confirmed', 'rejected', 'confirmed']);
  });
  expect(opened).toBe(1);
});

test('confirms a message that was rejected once the reason is gone', async () => {
  const forged = message('order.created', { userId: 'somebody-else' });
  expect(await publisher.publish(forged)).toBe('rejected');
  expect(await publisher.publish({ ...forged, properties: { messageId: forged.properties.messageId } })).toBe(
    'confirmed',
  );
  expect(publisher.whyRejected('order.created', forged.properties.messageId)).toBeUndefined();
});

test('keeps the connection when messages are published while a backlog delays the answer to a close', async () => {
  let lost = false;
  broker.once('close', () => {
    lost = true;
  });
  for (let times = 0; times < 3 && !lost; times += 1) {
    // The backlog is more than the socket takes at once.
    const backlog = Array.from({ length: 2_000 }, () => ({
      ...message('order.created'),
      body: Buffer.alloc(10_000, ' '),
    }));
    const behind: Promise<string>[] = [];
    onClosed = () => void behind.push(publisher.publish(message('order.created')));
    const [denied, ...others] = await publishAll([message(`refund.${times}`), ...backlog]);
    onClosed = () => undefined;
    expect([denied, ...new Set([...others, ...(await Promise.all(behind))])]).toEqual(['rejected', 'confirmed']);
  }
  expect(lost).toBe(false);
});

test('fails unanswered messages when the connection dies', async () => {
  const outcomes = publishAll([message('order.created', { userId: 'somebody-else' }), message('order.created')]);
  await broker.close();
  expect(new Set(await outcomes)).toEqual(new Set(['failed']));
  expect(await publisher.publish(message('order.created'))).toBe('failed');
  broker = await connectBroker(vhost.brokerUrl, 'test');
});
