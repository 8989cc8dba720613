import { afterAll, beforeEach } from '@jest/globals';
import { createPool, type Pool, type PoolOptions } from '@tallyline/chassis/postgres/pool';
import { createLogger } from '@tallyline/chassis/process/logger';
import { createTestDatabases } from '@tallyline/local/testing/test-databases';

type TestPoolOptions = Partial<Omit<PoolOptions, 'url'>>;

/** Creates a service's pool with few connections and without a log. */
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
 * Creates a database for this test file and a pool on it, and drops both after the last test. Before each test the tables
 * in `emptied` are truncated with all that refers to them, so that no test depends on the rows of another.
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
