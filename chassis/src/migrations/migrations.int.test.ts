import { beforeEach, describe, expect, test } from '@jest/globals';
import { eventually } from '@tallyline/local/testing/eventually';
import { openTestDatabase } from '../../../tests/setup/test-database.js';
import { contract } from './migrate-up.js';
import { type Migration, parseMigration } from './migration-file.js';
import { type PrepareOptions, prepareDatabase } from './prepare-database.js';
import { createRecordTable, readRecords } from './schema-migrations.sql.js';
import { LOCK_LIMITS, withConnection, withMigrationSession } from './session.sql.js';

const { pool, url } = await openTestDatabase('write');

const initSql = 'CREATE TABLE IF NOT EXISTS stones (id INT PRIMARY KEY, colour TEXT);';
/** Short waits, so that the tests are fast. */
const limits = { lockTimeoutMs: 100, attempts: 5, firstPauseMs: 10, longestPauseMs: 20 };

const migration = (number: number, kind: string, sql: string, step = 'expand'): Migration =>
  parseMigration(`migrations/write/000${number}-a.sql`, `-- kind: ${kind}\n-- step: ${step}\n-- batch: 10\n${sql}`);

const lines: string[] = [];
const prepare = (migrations: readonly Migration[], options: PrepareOptions = {}) =>
  prepareDatabase(url, 'write', {
    schema: { initSql, migrations },
    limits,
    say: (line) => lines.push(line),
    ...options,
  });
const recorded = async () => {
  const records = await withConnection(url, readRecords);
  return records.map(({ id, finishedAt }) => [id, finishedAt === null ? 'started' : 'applied']);
};
const count = async (text: string) => (await pool.query(`SELECT count(*)::int AS n FROM ${text}`)).rows[0].n;

beforeEach(async () => {
  lines.length = 0;
  await pool.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
});

describe('a fresh database', () => {
  const files = [
    migration(1, 'transaction', 'ALTER TABLE stones ADD COLUMN weight INT'),
    migration(2, 'transaction', 'SELECT 1', 'contract'),
  ];

  test('gets the schema and the records of all migrations, which do not run', async () => {
    await prepare(files);
    expect(await recorded()).toEqual([
      ['0001-a', 'applied'],
      ['0002-a', 'applied'],
    ]);
    expect((await pool.query('SELECT * FROM stones')).fields.map(({ name }) => name)).toEqual(['id', 'colour']);
  });

  test('stays fresh when it has a table for records without a record', async () => {
    await withConnection(url, createRecordTable);
    await prepare(files);
    expect([await recorded(), await count('stones')]).toMatchObject([{ length: 2 }, 0]);
  });

  test('stays fresh when its schema fails in the middle', async () => {
    const broken = { initSql: `${initSql} SELECT 1 / 0;`, migrations: files };
    await expect(prepare(files, { schema: broken })).rejects.toThrow('division by zero');
    expect(await count(`pg_tables WHERE schemaname = 'public'`)).toBe(0);
    await prepare(files);
    expect(await recorded()).toHaveLength(2);
  });

  test('is created when the server does not have it', async () => {
    const other = new URL(url);
    other.pathname += '_other';
    await Promise.all([prepareDatabase(other.href, 'write'), prepareDatabase(other.href, 'write')]);
    await withConnection(other.href, (client) => client.query('SELECT FROM orders, schema_migrations'));
    await pool.query(`DROP DATABASE ${other.pathname.slice(1)} WITH (FORCE)`);
  });
});

describe('a database with tables and without records', () => {
  beforeEach(() => pool.query(initSql));

  test('gets all migrations, and a second run does nothing', async () => {
    const files = [migration(1, 'transaction', 'ALTER TABLE stones ADD COLUMN weight INT')];
    await prepare(files);
    lines.length = 0;
    await prepare(files);
    expect([await recorded(), lines]).toEqual([[['0001-a', 'applied']], []]);
  });

  test('is refused when it lacks tables that no migration creates, which are named', async () => {
    const files = [migration(1, 'transaction', 'CREATE TABLE pebbles (id INT)')];
    const three = `${initSql} CREATE TABLE IF NOT EXISTS pebbles (id INT); CREATE TABLE IF NOT EXISTS rocks (id INT);`;
    const preparing = prepare(files, { schema: { initSql: three, migrations: files } });
    await expect(preparing).rejects.toThrow('no record of migrations: rocks of 3 tables do not exist');
    expect(await count(`pg_tables WHERE schemaname = 'public'`)).toBe(1);
  });

  test('keeps neither changes nor the record of a file that fails, and names the file', async () => {
    const files = [migration(1, 'transaction', 'ALTER TABLE stones ADD COLUMN weight INT; SELECT 1 / 0')];
    await expect(prepare(files)).rejects.toThrow('migrations/write/0001-a.sql: division by zero');
    expect([await recorded(), await count(`pg_attribute WHERE attname = 'weight'`)]).toEqual([[], 0]);
  });

  test('refuses to go on when an applied file has changed', async () => {
    await prepare([migration(1, 'transaction', 'SELECT 1')]);
    const changed = [migration(1, 'transaction', 'SELECT 2'), migration(2, 'transaction', 'SELECT 3')];
    await expect(prepare(changed)).rejects.toThrow('migrations/write/0001-a.sql: the text has changed');
    expect(await recorded()).toHaveLength(1);
  });

  test('goes on, and says so, when a newer release has applied more', async () => {
    await prepare([migration(1, 'transaction', 'SELECT 1'), migration(2, 'transaction', 'SELECT 2')]);
    lines.length = 0;
    await prepare([migration(1, 'transaction', 'SELECT 1')]);
    expect(lines).toEqual(['a newer release has applied 0002-a; this release does not need to know them']);
  });

  test('is refused when a newer release has run a contract step', async () => {
    const newer = [migration(1, 'transaction', 'SELECT 1'), migration(2, 'transaction', 'SELECT 2', 'contract')];
    await prepare(newer);
    await withMigrationSession({ url, say: () => undefined, limits }, (session) =>
      contract(session, newer, async () => []),
    );
    await expect(prepare(newer.slice(0, 1))).rejects.toThrow('a newer release has run the contract step 0002-a');
  });

  test('is migrated once by two runs at a time', async () => {
    const files = [migration(1, 'transaction', `INSERT INTO stones SELECT 1 + count(*) FROM stones, pg_sleep(0.3)`)];
    await Promise.all([prepare(files), prepare(files)]);
    expect(await count('stones')).toBe(1);
    expect(lines).toContain('waiting for another run that changes the schema of this database …');
  });
});

describe('a table that another transaction uses', () => {
  const files = [migration(1, 'transaction', 'ALTER TABLE stones ADD COLUMN weight INT')];
  beforeEach(() => pool.query(initSql));

  test('is waited for with short attempts until it is free', async () => {
    await withConnection(url, async (other) => {
      await other.query('BEGIN; SELECT FROM stones');
      let ended: Promise<unknown> | undefined;
      await prepare(files, {
        say: (line) => {
          if (line.includes('attempt 2 of')) ended ??= other.query('COMMIT');
          lines.push(line);
        },
      });
      await ended;
    });
    expect(await recorded()).toEqual([['0001-a', 'applied']]);
    expect(lines[1]).toBe(
      'migrations/write/0001-a.sql: canceling statement due to lock timeout (attempt 1 of 5), next attempt in 0.01 s',
    );
  });

  test('ends the run after the last attempt, with the transaction that holds it and what to do', async () => {
    await withConnection(url, async (other) => {
      await other.query("SET application_name = 'a long report'; BEGIN; SELECT FROM stones");
      const slow = { ...limits, lockTimeoutMs: 300 };
      await expect(prepare(files, { limits: slow })).rejects.toThrow(
        /^migrations\/write\/0001-a\.sql: others held its locks at each of 5 attempts .*Nothing of the file is stored\..* \(a long report\) for \d+ s\. Wait .* run the command again$/,
      );
    });
    expect(await recorded()).toEqual([]);
  });
});

const waitsFor = (event: string) =>
  count(`pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND wait_event = '${event}'`);

describe('an index that is built concurrently', () => {
  const files = [
    migration(1, 'concurrently', 'CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS stones_colour ON stones (colour)'),
  ];
  const validity = async () =>
    (await pool.query(`SELECT indisvalid AS valid FROM pg_index WHERE indexrelid = to_regclass('stones_colour')`)).rows;
  beforeEach(() => pool.query(initSql));

  test('leaves no invalid index when the rows refuse it, and is built by the next run', async () => {
    await pool.query(`INSERT INTO stones VALUES (1, 'red'), (2, 'red')`);
    await expect(prepare(files)).rejects.toThrow('0001-a.sql: could not create unique index "stones_colour"');
    expect([await validity(), await recorded()]).toEqual([[], [['0001-a', 'started']]]);
    await pool.query(`UPDATE stones SET colour = 'blue' WHERE id = 2`);
    await prepare(files);
    expect([await validity(), await recorded()]).toEqual([[{ valid: true }], [['0001-a', 'applied']]]);
  });

  test('is dropped and built again when its session was killed', async () => {
    await withConnection(url, async (other) => {
      // The build waits for this transaction.
      await other.query('BEGIN ISOLATION LEVEL REPEATABLE READ; INSERT INTO stones VALUES (1)');
      const killed = prepare(files);
      const builder = `pg_stat_activity WHERE datname = current_database() AND application_name = 'migrate' AND wait_event_type = 'Lock'`;
      await eventually(async () => expect(await count(builder)).toBe(1));
      await pool.query(`SELECT pg_terminate_backend(pid) FROM ${builder}`);
      await expect(killed).rejects.toThrow('migrations/write/0001-a.sql: ');
      await other.query('COMMIT');
    });
    expect(await validity()).toEqual([{ valid: false }]);
    await prepare(files);
    expect(await validity()).toEqual([{ valid: true }]);
    expect(lines).toContain('dropping the index stones_colour, whose build did not finish');
  });

  test('is not built again after a deadlock, and the session that waits for this run is named', async () => {
    await withConnection(url, (writer) =>
      withConnection(url, async (other) => {
        await writer.query('BEGIN; INSERT INTO stones VALUES (1)');
        const building = expect(prepare(files)).rejects.toThrow(
          /^migrations\/write\/0001-a\.sql: deadlock detected: pid \d+ \(an old schema file\) waits for a lock of this run/,
        );
        // The build waits for the writer first. So this session is there when the build comes to the sessions.
        await eventually(async () => expect(await waitsFor('virtualxid')).toBe(1));
        await other.query("SET application_name = 'an old schema file'; SET deadlock_timeout = '1h'");
        const waiting = other.query("SELECT pg_advisory_lock(hashtext('schema'))");
        await eventually(async () => expect(await waitsFor('advisory')).toBe(1));
        await writer.query('COMMIT');
        await building;
        await waiting;
      }),
    );
    expect(await validity()).toEqual([]);
    expect(lines.filter((line) => line.includes('attempt'))).toEqual([]);
  });

  test('waits for a transaction that is open for longer than the lock timeout', async () => {
    await withConnection(url, async (other) => {
      await other.query('BEGIN; INSERT INTO stones VALUES (1)');
      const built = prepare(files);
      await other.query(`SELECT pg_sleep(${(3 * limits.lockTimeoutMs) / 1_000})`);
      await other.query('COMMIT');
      await built;
    });
    expect(await validity()).toEqual([{ valid: true }]);
  });
});

describe('a backfill', () => {
  const files = [
    migration(
      1,
      'backfill',
      `UPDATE stones SET colour = 'grey' WHERE id IN (SELECT id FROM stones WHERE colour IS NULL ORDER BY id LIMIT :batch)`,
    ),
  ];
  beforeEach(async () => {
    await pool.query(`${initSql} CREATE TABLE changes (id INT, at TIMESTAMPTZ DEFAULT now());
      CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO changes VALUES (new.id); RETURN new; END $$;
      CREATE TRIGGER note AFTER UPDATE ON stones FOR EACH ROW EXECUTE FUNCTION note();
      INSERT INTO stones SELECT n FROM generate_series(1, 105) AS n`);
  });

  test('changes every row in transactions of one batch each', async () => {
    await prepare(files);
    expect(await count(`stones WHERE colour = 'grey'`)).toBe(105);
    const { rows } = await pool.query('SELECT count(*)::int AS n FROM changes GROUP BY at ORDER BY at');
    expect(rows.map(({ n }) => n)).toEqual([10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 5]);
    expect(lines).toContain('migrations/write/0001-a.sql: 105 rows');
  });

  test('continues after it was killed, and changes no row twice', async () => {
    await pool.query(`CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.003); RETURN new; END $$;
      CREATE TRIGGER slow BEFORE UPDATE ON stones FOR EACH ROW EXECUTE FUNCTION slow()`);
    const killed = prepare(files);
    await eventually(async () => expect(await count('changes')).toBeGreaterThan(20), { intervalMs: 5 });
    await pool.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'migrate' AND datname = current_database()`,
    );
    await expect(killed).rejects.toThrow('migrations/write/0001-a.sql: ');
    const done = await count('changes');
    expect([done < 105, done % 10, await recorded()]).toEqual([true, 0, [['0001-a', 'started']]]);
    await prepare(files);
    expect([await count('changes'), await count('(SELECT DISTINCT id FROM changes) AS ids')]).toEqual([105, 105]);
    expect(await recorded()).toEqual([['0001-a', 'applied']]);
  });

  test.each([1, 9])('ends while old services add %i rows during each batch of 10', async (added) => {
    await pool.query(`CREATE FUNCTION add() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN INSERT INTO stones SELECT m + n FROM (SELECT max(id) AS m FROM stones) s, generate_series(1, ${added}) n;
          RETURN NULL; END $$;
      CREATE TRIGGER add AFTER UPDATE ON stones FOR EACH STATEMENT EXECUTE FUNCTION add()`);
    await prepare(files);
    expect([await recorded(), await count('stones WHERE colour IS NULL')]).toEqual([[['0001-a', 'applied']], added]);
    expect(lines).toContain(
      'migrations/write/0001-a.sql: ends, because only rows that services add meanwhile are left',
    );
  });

  test('tries a batch again when another transaction holds a row', async () => {
    await withConnection(url, async (other) => {
      await other.query('BEGIN; SELECT FROM stones WHERE id = 25 FOR UPDATE');
      let ended: Promise<unknown> | undefined;
      await prepare(files, {
        say: (line) => {
          if (line.includes('attempt 1 of')) ended ??= other.query('COMMIT');
        },
      });
      await ended;
    });
    expect(await count('changes')).toBe(105);
  });
});

describe('contract steps', () => {
  const files = [
    migration(1, 'transaction', 'ALTER TABLE stones DROP COLUMN colour', 'contract'),
    migration(2, 'transaction', 'ALTER TABLE stones ADD COLUMN weight INT'),
  ];
  const contractWith = (refused: readonly string[]) =>
    withMigrationSession({ url, say: () => undefined, limits: LOCK_LIMITS }, (session) =>
      contract(session, files, async () => refused),
    );
  beforeEach(() => pool.query(initSql));

  test('wait while the expand steps run', async () => {
    const waiting = await prepare(files);
    expect(waiting.map(({ id }) => id)).toEqual(['0001-a']);
    expect(await recorded()).toEqual([['0002-a', 'applied']]);
  });

  test('run when no older service runs, and not before', async () => {
    await prepare(files);
    expect(await contractWith(['a-service 0.1.0 is connected'])).toEqual(['a-service 0.1.0 is connected']);
    expect(await recorded()).toHaveLength(1);
    expect(await contractWith([])).toEqual([]);
    expect(await recorded()).toHaveLength(2);
  });
});
