import type { Mutant } from '../mutant.js';

/** Bugs of an upgrade beside running services. */
export const migrationBugs: readonly Mutant[] = [
  {
    name: 'migration-locks',
    bug: 'a migration builds an index on a table that exists, without CONCURRENTLY',
    changes: [
      {
        file: 'migrations/read/0001-schema-of-0-2.sql',
        from: 'CREATE UNLOGGED TABLE IF NOT EXISTS storage_probe (filler TEXT NOT NULL);',
        to: `CREATE UNLOGGED TABLE IF NOT EXISTS storage_probe (filler TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS orders_read_by_time ON orders_read (placed_at) INCLUDE (customer_id);`,
      },
    ],
    caughtBy: {
      file: 'tests/migrations/locking-rules.unit.test.ts',
      name: 'no migration of the read database locks a table for long',
    },
  },
  {
    name: 'stale-statements-stay',
    bug: 'a stale prepared statement is repeated on another connection of the pool, where it is stale as well',
    changes: [
      {
        file: 'chassis/src/postgres/session.sql.ts',
        from: 'if (preparing.suffix === suffix) preparing.suffix =',
        to: "if (suffix === 'never') preparing.suffix =",
      },
    ],
    caughtBy: {
      file: 'chassis/src/postgres/pool.int.test.ts',
      name: 'repeats statements and transactions once each when a change of a table has made all connections stale',
    },
  },
];
