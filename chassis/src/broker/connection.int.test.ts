import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { callManagement } from '@tallyline/local/servers/rabbitmq-ready';
import type { Vhost } from '@tallyline/local/servers/vhost';
import { createTestVhost } from '@tallyline/local/testing/test-databases';
import type { ChannelModel } from 'amqplib';
import { closeQuietly, connectBroker } from './connection.js';

const USER = `backlog-${process.pid}`;
let vhost: Vhost;
let broker: ChannelModel;

beforeAll(async () => {
  vhost = await createTestVhost();
  await callManagement(vhost.managementUrl, 'PUT', `/api/users/${USER}`, { password: 'secret', tags: '' });
  const all = { configure: '.*', write: '.*', read: '.*' };
  await callManagement(vhost.managementUrl, 'PUT', `/api/permissions/${vhost.vhost}/${USER}`, all);
  const url = Object.assign(new URL(vhost.brokerUrl), { username: USER, password: 'secret' });
  broker = await connectBroker(url.href, 'test');
  await (await broker.createChannel()).assertExchange('facts', 'topic');
  const path = `/api/topic-permissions/${vhost.vhost}/${USER}`;
  await callManagement(vhost.managementUrl, 'PUT', path, { exchange: 'facts', write: '^order', read: '.*' });
});
afterAll(async () => {
  await closeQuietly(broker);
  await callManagement(vhost.managementUrl, 'DELETE', `/api/users/${USER}`);
  await vhost.drop();
});

test('keeps the connection when a channel is opened after the broker closed another one with unsent frames', async () => {
  let lost: Error | undefined;
  broker.on('error', (error: Error) => {
    lost = error;
  });
  for (let times = 0; times < 5 && lost === undefined; times += 1) {
    const channel = await broker.createConfirmChannel();
    const opened = new Promise<unknown>((resolve) => {
      channel.on('error', () => setImmediate(() => resolve(broker.createConfirmChannel().catch(String))));
    });
    // The broker denies this message. More than the socket takes at once follows, so the answer to the close must wait.
    channel.publish('facts', 'refund.made', Buffer.from('{}'));
    for (let n = 0; n < 3_000; n += 1) channel.publish('facts', 'order.made', Buffer.alloc(10_000));
    expect(await opened).toMatchObject({ publish: expect.any(Function) });
  }
  expect(lost).toBeUndefined();
});
