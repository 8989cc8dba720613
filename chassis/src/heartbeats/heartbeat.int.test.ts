import { afterAll, expect, test } from '@jest/globals';
import { eventually } from '@tallyline/local/testing/eventually';
import { createTestPool, openTestDatabase } from '../../../tests/setup/test-database.js';
import { onPool, type Pool } from '../postgres/pool.js';
import { createLogger } from '../process/logger.js';
import { ownVersion } from '../process/version.js';
import { startHeartbeat } from './heartbeat.js';
import { findOlderServices, writeHeartbeat } from './heartbeats.sql.js';
import { sessionName } from './older-services.js';

const { pool, url } = await openTestDatabase('read', { emptied: ['service_heartbeats'] });
const others: Pool[] = [];
afterAll(() => Promise.all(others.map((other) => other.end())));

const log = createLogger('test', 'silent', 'json');
const rows = async () =>
  (await pool.query('SELECT service, version, last_seen_at AS "lastSeenAt" FROM service_heartbeats')).rows;

/** Opens a session with the name of a service, which lasts until the test file ends or the pool does. */
async function openSessionNamed(applicationName: string): Promise<Pool> {
  const other = createTestPool(url, { applicationName, maxConnections: 1 });
  await other.query('SELECT 1');
  return other;
}

test('a service has a row when its start continues, repeats it, and deletes it when it stops', async () => {
  const heartbeat = await startHeartbeat({ pool, log, service: 'shop-service', intervalMs: 10 });
  const [first] = await rows();
  expect(first).toEqual({ service: 'shop-service', version: ownVersion, lastSeenAt: expect.any(Date) });
  await eventually(async () => expect((await rows())[0].lastSeenAt > first.lastSeenAt).toBe(true));
  await heartbeat.stop();
  expect(await rows()).toEqual([]);
});

test('a service starts without a row while its database is away, and stops in time', async () => {
  const away = createTestPool(Object.assign(new URL(url), { port: '1' }).href);
  const heartbeat = await startHeartbeat({ pool: away, log, service: 'shop-service' });
  await heartbeat.stop();
  await away.end();
});

test('a heartbeat deletes the rows of processes that ended without a stop an hour ago', async () => {
  await pool.query(`INSERT INTO service_heartbeats (reporter, service, version, last_seen_at)
                    VALUES ('killed', 'shop-service', '0.1.0', now() - interval '61 minutes')`);
  await writeHeartbeat(onPool(pool), { reporter: 'me', service: 'shop-service', version: '0.3.0' });
  expect(await rows()).toMatchObject([{ version: '0.3.0' }]);
});

test('finds an older service by a heartbeat of the last minute, and no service of the same or a newer version', async () => {
  await pool.query(`
    INSERT INTO service_heartbeats (reporter, service, version, last_seen_at) VALUES
      ('a', 'shop-service', '0.2.9', now() - interval '50 seconds'), ('b', 'shop-service', '0.2.8', now() - interval '61 seconds'),
      ('c', 'shop-service', '0.3.0', now()), ('d', 'shop-service', '0.10.0', now()), ('e', 'till-service', '0.1.0', now())`);
  expect(await findOlderServices(onPool(pool), 'shop-service', '0.3.0')).toEqual([
    'shop-service 0.2.9 has reported within the last minute',
  ]);
});

test('finds an older service of another role as an owner of tables who is no superuser', async () => {
  const owner = `owner_${process.pid}`;
  await pool.query(`CREATE ROLE ${owner} LOGIN PASSWORD 'change-me'; GRANT SELECT ON service_heartbeats TO ${owner}`);
  const old = await openSessionNamed('shop-service');
  const asOwner = createTestPool(Object.assign(new URL(url), { username: owner, password: 'change-me' }).href);
  expect(await findOlderServices(onPool(asOwner), 'shop-service', '0.3.0')).toEqual([
    'shop-service before 0.3.0 is connected',
  ]);
  await Promise.all([old.end(), asOwner.end()]);
  await pool.query(`DROP OWNED BY ${owner}; DROP ROLE ${owner}`);
});

test('finds an older service by its session, even if it is frozen or never wrote heartbeats', async () => {
  const names = [
    sessionName('shop-service', '0.3.0'),
    sessionName('shop-service relay', '0.4.0'),
    'shop-service 0.3.0 - 10.0.0.7:50912',
  ];
  others.push(...(await Promise.all(names.map(openSessionNamed))));
  expect(await findOlderServices(onPool(pool), 'shop-service', '0.3.0')).toEqual([]);
  others.push(
    await openSessionNamed('shop-service'),
    await openSessionNamed(sessionName('shop-service relay', '0.2.9')),
  );
  const found = await findOlderServices(onPool(pool), 'shop-service', '0.3.0');
  expect(found.sort()).toEqual(['shop-service 0.2.9 is connected', 'shop-service before 0.3.0 is connected']);
});
