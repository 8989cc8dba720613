import { databaseError } from './errors.js';
import { onPool, type Pool, type Statement, withRolledBackTransaction } from './pool.js';

/** Fills two pages. Rows below 2 kB are neither compressed nor stored outside of the table. */
const PROBE: Statement = {
  name: 'probe-storage',
  text: "INSERT INTO storage_probe (filler) SELECT repeat('x', 1900) FROM generate_series(1, 8)",
};

/** After a successful check, only the connection is checked for this time. */
const TRUSTED_MS = 2_000;

const LOCK_NOT_AVAILABLE = '55P03';

/**
 * Checks that a database can be written. A server that answers SELECT 1 may have a full disk, be read-only or lack a
 * column. In a transaction that is rolled back, the check fills two pages of `storage_probe`, which needs room on disk, and
 * runs `statements`: the writes of the service without rows, which need every table, column and permission.
 */
export function storageCheck(pool: Pool, statements: readonly Statement[]): () => Promise<void> {
  let trustedUntilMs = 0;
  let underWay: Promise<void> | undefined;

  const attempt = async () => {
    try {
      await withRolledBackTransaction(pool, 'check storage', async (tx) => {
        // A lock that another transaction holds is no fault of the storage.
        await tx.query({ text: "SET LOCAL lock_timeout = '500ms'" });
        await tx.query(PROBE);
        for (const statement of statements) await tx.query(statement);
      });
    } catch (error) {
      if (databaseError(error)?.code !== LOCK_NOT_AVAILABLE) throw error;
    }
    trustedUntilMs = performance.now() + TRUSTED_MS;
  };
  return async () => {
    if (performance.now() < trustedUntilMs) return void (await onPool(pool).query({ text: 'SELECT 1' }));
    underWay ??= attempt().finally(() => {
      underWay = undefined;
    });
    await underWay;
  };
}
