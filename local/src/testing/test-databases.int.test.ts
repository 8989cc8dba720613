import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { brokerAnswers, callManagement } from '../servers/rabbitmq-ready.js';
import { withClient } from '../servers/schema.js';
import type { Vhost } from '../servers/vhost.js';
import { createTestDatabases, createTestVhost, type TestDatabases } from './test-databases.js';

let databases: TestDatabases;
let vhost: Vhost;

beforeAll(async () => {
  [databases, vhost] = await Promise.all([createTestDatabases(), createTestVhost()]);
});

afterAll(async () => {
  await Promise.all([databases.drop(), vhost.drop()]);
});

test('each pair of test databases is writable and has no tables of another pair', async () => {
  for (const url of [databases.writeDatabaseUrl, databases.readDatabaseUrl]) {
    await withClient(url, (client) => client.query('CREATE TABLE mine (id INT)'));
  }
  const other = await createTestDatabases();
  const tables = await withClient(other.writeDatabaseUrl, (client) =>
    client.query("SELECT to_regclass('mine') AS found"),
  );
  await other.drop();
  expect(tables.rows).toEqual([{ found: null }]);
});

test('the user guest can connect to a new vhost until the vhost is dropped', async () => {
  await brokerAnswers(vhost.brokerUrl);
  const other = await createTestVhost();
  await other.drop();
  await expect(callManagement(other.managementUrl, 'GET', `/api/vhosts/${other.vhost}`)).rejects.toThrow('404');
  await expect(brokerAnswers(other.brokerUrl)).rejects.toThrow();
});
