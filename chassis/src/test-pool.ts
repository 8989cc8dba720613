import { createLogger } from './logger.js';
import { createPool, type Pool, type PoolOptions } from './postgres.js';

/** A service's pool as tests have it that use a database of their own: small and silent. */
export function createTestPool(url: string, options: Partial<Omit<PoolOptions, 'url'>> = {}): Pool {
  return createPool({
    url,
    applicationName: 'test',
    maxConnections: 4,
    statementTimeoutMs: 5_000,
    log: createLogger('test', 'silent', 'json'),
    ...options,
  });
}
