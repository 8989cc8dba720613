import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterAll, expect, test } from '@jest/globals';
import { isPortFree } from '../servers/free-port.js';
import { ADDRESS_VARIABLES, chooseOffset, movePorts } from './addresses.js';
import type { Settings } from './settings.js';

const defaults = {
  WRITE_DATABASE_URL: 'postgres://postgres:postgres@127.0.0.1:5433/write_db',
  READ_DATABASE_URL: 'postgres://postgres:postgres@127.0.0.1:5434/read_db',
  BROKER_URL: 'amqp://guest:guest@127.0.0.1:5672',
  BIND_ADDR: '127.0.0.1',
  COMMAND_SERVICE_PORT: '8080',
  QUERY_SERVICE_PORT: '8081',
  CONSUMER_SERVICE_PORT: '8082',
  RABBITMQ_MANAGEMENT_PORT: '15672',
  PORT_OFFSET: '0',
};
const settings = (variables: Partial<typeof defaults>): Settings => ({
  variables: { ...defaults, ...variables },
  defaults,
  unknown: [],
  isSet: (name) => name in variables,
});
const none = new Set<string>();
const listener = createServer();
afterAll(() => void listener.close());

test('moves every port that has its default, and none that the user has set or provides', () => {
  const asked = settings({ QUERY_SERVICE_PORT: '9000', COMMAND_SERVICE_PORT: '8080' });
  const { variables } = movePorts(asked, new Set(['READ_DATABASE_URL']), 300);
  expect(variables).toEqual({
    ...defaults,
    WRITE_DATABASE_URL: 'postgres://postgres:postgres@127.0.0.1:5733/write_db',
    BROKER_URL: 'amqp://guest:guest@127.0.0.1:5972',
    COMMAND_SERVICE_PORT: '8380',
    QUERY_SERVICE_PORT: '9000',
    CONSUMER_SERVICE_PORT: '8382',
    RABBITMQ_MANAGEMENT_PORT: '15972',
  });
  expect(Object.keys(variables)).toEqual(expect.arrayContaining([...ADDRESS_VARIABLES]));
});

test('uses PORT_OFFSET without looking for free ports when it is set', async () => {
  expect(await chooseOffset(settings({ PORT_OFFSET: '700' }), none)).toEqual({ offset: 700, taken: [] });
});

test('moves all ports by a multiple of 100 when one is taken, and names the taken one', async () => {
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  // The other default ports may be in use, too.
  const own = { ...defaults, COMMAND_SERVICE_PORT: `${port}` };
  const { offset, taken } = await chooseOffset({ ...settings(own), defaults: own }, none);
  expect(taken).toContain(port);
  expect(offset).toBeGreaterThan(0);
  expect(offset % 100).toBe(0);
  expect(await isPortFree(port + offset)).toBe(true);
});
