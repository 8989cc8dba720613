import { afterAll, beforeEach } from '@jest/globals';
import { createPool, type Pool, type PoolOptions } from '@tallyline/chassis/postgres/pool';
import { createLogger } from '@tallyline/chassis/process/logger';
import { createTestDatabases } from '@tallyline/local/testing/test-databases';

type TestPoolOptions = Partial<Omit<PoolOptions, 'url'>>;

/** A service's pool as tests have it: small and silent. */
export function createTestPool(url: string, options: TestPoolOptions = {}): Pool {
  return createPool({
    url,
    applicationName: 'test',
    maxConnections: 4,
    statementTimeoutMs: 5_000,
    log: createLogger('test', 'silent', 'json'),
    ...options,
  });
}

/**
 * A database of this test file's own with a pool on it; both are gone behind its last test. Tables in `emptied` are empty,
 * with all that refers to them, when a test begins: no test may count on what another one left.
 */
export async function openTestDatabase(
  side: 'write' | 'read',
  { emptied = [], ...options }: TestPoolOptions & { readonly emptied?: readonly string[] } = {},
): Promise<{ readonly pool: Pool; readonly url: string }> {
  const databases = await createTestDatabases();
  const url = side === 'write' ? databases.writeDatabaseUrl : databases.readDatabaseUrl;
  const pool = createTestPool(url, options);
  if (emptied.length > 0) beforeEach(async () => void (await pool.query(`TRUNCATE ${emptied.join(', ')} CASCADE`)));
  afterAll(async () => {
    await pool.end();
    await databases.drop();
  });
  return { pool, url };
}
