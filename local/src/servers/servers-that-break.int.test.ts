import { afterAll, expect, test } from '@jest/globals';
import { startTemporaryBroker, startTemporaryPostgres } from '../testing/temporary-servers.js';
import { postgresAnswers } from './postgres-ready.js';
import type { PostgresServer } from './postgres-server.js';
import { brokerAnswers } from './rabbitmq-ready.js';
import type { BrokerServer } from './rabbitmq-server.js';
import { withClient } from './schema.js';

let postgres: PostgresServer | undefined;
let broker: BrokerServer | undefined;

afterAll(async () => {
  await Promise.all([postgres?.stop(), broker?.kill()]);
});

test('a killed Postgres restarts on its port with the committed rows', async () => {
  postgres = await startTemporaryPostgres({ fsync: 'on', synchronous_commit: 'on' });
  const url = postgres.url('postgres');
  await withClient(url, async (client) => {
    await client.query('CREATE TABLE kept (id INT)');
    await client.query('INSERT INTO kept VALUES (7)');
  });
  const { ended } = postgres;
  await postgres.kill();
  expect(await ended).toBe('SIGKILL');
  await expect(postgresAnswers(url)).rejects.toThrow();
  await postgres.restart();
  const rows = await withClient(url, (client) => client.query('SELECT id FROM kept'));
  expect(rows.rows).toEqual([{ id: 7 }]);
});

test('a killed broker restarts on its port', async () => {
  broker = await startTemporaryBroker();
  await broker.kill();
  await expect(brokerAnswers(broker.brokerUrl)).rejects.toThrow();
  await broker.restart();
  await brokerAnswers(broker.brokerUrl);
}, 60_000);
