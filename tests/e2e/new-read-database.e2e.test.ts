import { expect, test } from '@jest/globals';
import { withTransaction } from '@tallyline/chassis/postgres/pool';
import { prepareDatabase } from '@tallyline/local/servers/schema';
import { eventually } from '@tallyline/local/testing/eventually';
import { pruneOutbox } from '../../command-service/src/outbox/prune-outbox.sql.js';
import { createProducts } from '../setup/order-flow.js';
import { runCommand } from '../setup/run-command.js';
import { openSuite } from '../setup/suite.js';
import { createTestPool } from '../setup/test-database.js';

const suite = await openSuite();

const status = async () => (await suite.get('/api/analytics/sync-status')).body;

async function replaceReadDatabase(): Promise<void> {
  await suite.consumer.stop();
  await suite.read.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
  await prepareDatabase(suite.readDatabaseUrl, 'read');
  await suite.start('consumer-service');
}

test('a new read database is incomplete when the outbox has pruned events, until a rebuild is accepted', async () => {
  const [product] = await createProducts(suite, 1);
  const order = async () =>
    expect(
      (await suite.post('/api/orders', { customerId: 1, items: [{ productId: product, quantity: 1 }] })).status,
    ).toBe(201);
  for (let n = 0; n < 5; n += 1) await order();
  await suite.inSync();

  const pool = createTestPool(suite.writeDatabaseUrl);
  expect(await withTransaction(pool, 'prune', (tx) => pruneOutbox(tx, 0))).toBe(5);
  await pool.end();
  const prunedAt = new Date().toISOString();
  await replaceReadDatabase();
  const seen = new Set<string>();
  await eventually(
    async () => {
      const { status: now, lacksHistory, completeUpTo } = await status();
      seen.add(now);
      // Later watermarks report the missing history again.
      expect([now, lacksHistory, completeUpTo > prunedAt]).toEqual(['incomplete', true, true]);
    },
    { timeoutMs: 40_000 },
  );
  expect(seen).not.toContain('in-sync');

  expect(await runCommand(suite, 'rebuild', '--accept')).toMatchObject({ code: 0 });
  await order();
  // The replay of the order that is still in the outbox begins 10 to 15 s after it is missed.
  await suite.inSync(40_000);
  await eventually(async () => expect(await status()).toMatchObject({ status: 'in-sync', lacksHistory: false }));
});
