import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createTestPool, openTestDatabase } from '../../../tests/setup/test-database.js';
import { onPool, type Pool, refusePooler, type Tx, withTransaction } from './pool.js';

const { pool, url } = await openTestDatabase('write');

/** A proxy that changes the process id in the start-up answer, as a pooler does, and forwards everything else. */
function startPooler(): Promise<Server> {
  const target = new URL(url);
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    client.pipe(upstream);
    upstream.on('data', (chunk) => {
      const keyData = chunk.indexOf(Buffer.from([0x4b, 0, 0, 0, 12]));
      if (keyData >= 0) chunk.writeInt32BE(1, keyData + 5);
      client.write(chunk);
    });
    for (const socket of [client, upstream]) {
      socket.on('error', () => undefined);
      socket.on('close', () => [client, upstream].map((other) => other.destroy()));
    }
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

let pooler: Server;
let pooledUrl: string;
beforeAll(async () => {
  pooler = await startPooler();
  pooledUrl = Object.assign(new URL(url), {
    hostname: '127.0.0.1',
    port: String((pooler.address() as AddressInfo).port),
  }).href;
  const name = new URL(url).pathname.slice(1);
  const hostile = {
    DateStyle: 'German',
    IntervalStyle: 'sql_standard',
    TimeZone: 'Asia/Kathmandu',
    bytea_output: 'escape',
    extra_float_digits: '-15',
    array_nulls: 'off',
    default_transaction_isolation: 'serializable',
    lock_timeout: '1ms',
    synchronous_commit: 'off',
  };
  for (const [setting, value] of Object.entries(hostile))
    await pool.query(`ALTER DATABASE ${name} SET ${setting} = '${value}'`);
});
afterAll(() => new Promise((resolve) => pooler.close(resolve)));

const asked = {
  text: `SELECT '2026-11-20T08:17:46.438Z'::timestamptz AS time, '2026-11-20'::date::text AS day, (1 / 3.0)::float8 AS third,
                '\\x00ff'::bytea AS bytes, '{a,NULL}'::text[] AS list, interval '1 day' AS span,
                current_setting('transaction_isolation') AS isolation, current_setting('lock_timeout') AS "lockTimeout",
                current_setting('synchronous_commit') AS commit, current_setting('statement_timeout') AS "timeout",
                current_setting('idle_in_transaction_session_timeout') AS idle, current_setting('search_path') AS path`,
};
const answer = {
  time: new Date('2026-11-20T08:17:46.438Z'),
  day: '2026-11-20',
  third: 1 / 3,
  bytes: Buffer.from([0, 255]),
  list: ['a', null],
  span: { days: 1 },
  isolation: 'read committed',
  lockTimeout: '0',
  commit: 'on',
  timeout: '4s',
  idle: '10s',
  path: 'elsewhere, public',
};

describe.each([
  ['at the server', () => url],
  ['behind a pooler', () => pooledUrl],
])('when the database has settings that change answers, %s', (_where, urlOf) => {
  const askedOf = async (ask: (pool: Pool) => Promise<unknown>) => {
    const own = createTestPool(urlOf(), {
      statementTimeoutMs: 4_000,
      maxConnections: 1,
      settings: { search_path: 'elsewhere,public' },
    });
    return ask(own).finally(() => own.end());
  };
  const inTransaction = (pool: Pool) => withTransaction(pool, 'ask', (tx: Tx) => tx.query(asked));

  test('a statement on the pool runs with the settings of the session, whatever the server has', async () => {
    expect(await askedOf((own) => onPool(own).query(asked))).toEqual([answer]);
  });

  test('a transaction runs with the settings of the session, whatever the server has', async () => {
    expect(await askedOf(inTransaction)).toEqual([answer]);
  });

  test('an array parameter keeps its NULL', async () => {
    const sent = { text: 'SELECT $1::text[] AS list', values: [['a', null, 'b']] };
    expect(await askedOf((own) => onPool(own).query(sent))).toEqual([{ list: ['a', null, 'b'] }]);
  });
});

test('behind a pooler, leaves no settings in the session that others use afterwards', async () => {
  const own = createTestPool(pooledUrl, { maxConnections: 1 });
  await withTransaction(own, 'ask', (tx) => tx.query(asked));
  await onPool(own).query(asked);
  const { rows } = await own.query(
    "SELECT current_setting('DateStyle') AS style, current_setting('lock_timeout') AS lock",
  );
  expect(rows).toEqual([{ style: 'German, DMY', lock: '1ms' }]);
  await own.end();
});

test('refuses a pooler for a command that needs its own session, and says what to do', async () => {
  const own = createTestPool(pooledUrl, { maxConnections: 1 });
  await expect(refusePooler(own, 'rebuild')).rejects.toThrow(
    'rebuild needs a server session of its own, and this URL leads to a connection pooler (PgBouncer or the like): ' +
      'use the address of PostgreSQL itself',
  );
  await own.end();
  await refusePooler(pool, 'rebuild');
});

test('behind a pooler, does not run a statement that another service has prepared under the same name', async () => {
  const own = createTestPool(pooledUrl, { maxConnections: 1 });
  await own.query("PREPARE named AS SELECT 'theirs' AS whose");
  expect(await onPool(own).query({ name: 'named', text: "SELECT 'ours' AS whose" })).toEqual([{ whose: 'ours' }]);
  await own.end();
});

test('behind a pooler without prepared statements, sends statements without names', async () => {
  const own = createTestPool(pooledUrl, { maxConnections: 1 });
  const named = { name: 'named', text: 'SELECT 1 AS one' };
  const elsewhere = () => own.query('DEALLOCATE ALL');
  for (let times = 0; times < 3; times += 1) {
    expect(await onPool(own).query(named)).toEqual([{ one: 1 }]);
    await elsewhere();
  }
  const { rows } = await own.query('SELECT name FROM pg_prepared_statements');
  expect(rows).toEqual([]);
  await own.end();
});
