import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { callManagement } from '@tallyline/local/servers/rabbitmq-ready';
import type { Vhost } from '@tallyline/local/servers/vhost';
import { eventually } from '@tallyline/local/testing/eventually';
import { createTestVhost } from '@tallyline/local/testing/test-databases';
import type { Channel, Message } from 'amqplib';
import { createLogger } from '../process/logger.js';
import { superviseBroker } from './link.js';
import type { Publisher } from './publisher.js';

const log = createLogger('test', 'silent', 'json');

let vhost: Vhost;
beforeAll(async () => {
  vhost = await createTestVhost();
});
afterAll(() => vhost.drop());

test('opens a new session when the broker closes a channel', async () => {
  const link = superviseBroker<Channel>({
    url: vhost.brokerUrl,
    name: 'test',
    log,
    open: (connection) => connection.channel(),
  });
  try {
    const first = await eventually(() => link.session() ?? Promise.reject(new Error('not open')));
    // An unknown delivery tag gives reply code 406, the same as a batch that exceeds the broker's consumer_timeout.
    first.ack({ fields: { deliveryTag: 99 } } as Message);
    await eventually(() => {
      expect(link.session()).toBeDefined();
      expect(link.session()).not.toBe(first);
    });
  } finally {
    await link.stop();
  }
});

test('publishes to a queue again after the policy that made it refuse messages is gone', async () => {
  const link = superviseBroker<Publisher>({
    url: vhost.brokerUrl,
    name: 'test',
    log,
    open: async (connection) => {
      const channel = await connection.channel();
      await channel.assertQueue('full', { arguments: { 'x-queue-type': 'quorum' } });
      return connection.publisher();
    },
  });
  const message = { exchange: '', routingKey: 'full', body: Buffer.from('{}'), properties: { messageId: '1' } };
  const outcome = async () => link.session()?.publish(message);
  const policy = `/api/policies/${vhost.vhost}/short`;
  const definition = { 'max-length': 1, overflow: 'reject-publish' };
  try {
    await callManagement(vhost.managementUrl, 'PUT', policy, { pattern: 'full', definition });
    await eventually(async () => expect(await outcome()).toBe('refused'));
    await callManagement(vhost.managementUrl, 'DELETE', policy);
    await eventually(async () => expect(await outcome()).toBe('confirmed'), { timeoutMs: 20_000, intervalMs: 200 });
  } finally {
    await link.stop();
  }
}, 40_000);
