import type { Socket } from 'node:net';
import { expect, test } from '@jest/globals';
import { eventually } from '@tallyline/local/testing/eventually';
import { createTestPool, openTestDatabase } from '../../../tests/setup/test-database.js';
import { classify, Disconnected } from './errors.js';
import { onPool, type Pool, type Statement, type TransactionOptions, type Tx, withTransaction } from './pool.js';

const { pool, url } = await openTestDatabase('write', { emptied: ['customers'] });

const DIVIDE = { text: 'SELECT 1 / 0' };
const SELECT = { text: 'SELECT 1' };
/** Makes the failure visible some turns later than the failures of the statements behind it. */
const divideBehindPromises = async (tx: Tx) => {
  await tx.query(DIVIDE).catch(async (error) => {
    for (let turn = 0; turn < 10; turn += 1) await undefined;
    throw error;
  });
};

test.each<[string, (tx: Tx) => Promise<unknown>]>([
  ['awaited', (tx) => Promise.all([divideBehindPromises(tx), tx.query(SELECT)])],
  ['sent with COMMIT', async (tx) => void tx.commitBehind([DIVIDE, SELECT])],
])('a transaction fails with its first error when statements are %s', async (_when, work) => {
  await expect(withTransaction(pool, 'divide', work)).rejects.toThrow('divide: division by zero');
});

test('uses the application name and limits of the pool even if the URL has others', async () => {
  const asked = new URL(url);
  asked.searchParams.set('application_name', 'shop');
  asked.searchParams.set('statement_timeout', '0');
  const named = createTestPool(asked.href, { applicationName: 'writer', statementTimeoutMs: 4_000 });
  const { rows } = await named.query(
    "SELECT current_setting('application_name') AS name, current_setting('statement_timeout') AS timeout",
  );
  await named.end();
  expect(rows).toEqual([{ name: 'writer', timeout: '4s' }]);
});

const add = (id: unknown) => ({
  text: 'INSERT INTO customers (id, created_at) VALUES ($1, now())',
  values: [id],
});
const ADD = add('00000000-0000-4000-8000-000000000003');
const customers = async () => (await pool.query('SELECT 1 FROM customers')).rows;

test('stores nothing when the last statement of a transaction cannot be encoded', async () => {
  const unsendable = {
    toPostgres: () => {
      throw new RangeError('Invalid time value');
    },
  };
  const work = withTransaction(pool, 'half', async (tx) => {
    tx.commitBehind([add('00000000-0000-4000-8000-000000000001'), add(unsendable)]);
  });
  await expect(work).rejects.toThrow('Invalid time value');
  expect(await customers()).toEqual([]);
});

test('reports a known outcome when one of the last statements before COMMIT is refused or times out', async () => {
  const impatient = createTestPool(url, { statementTimeoutMs: 200 });
  const work = withTransaction(impatient, 'slow', async (tx) => {
    tx.commitBehind([add('00000000-0000-4000-8000-000000000002'), { text: 'SELECT pg_sleep(5)' }]);
  });
  await expect(work).rejects.toMatchObject({ message: expect.stringContaining('timeout'), outcomeUnknown: false });
  await impatient.end();
  expect(await customers()).toEqual([]);
});

test('refuses a statement after COMMIT was sent, rather than running it outside of the transaction', async () => {
  const kept = await withTransaction(pool, 'late', async (tx) => {
    await tx.query(SELECT);
    return { tx };
  });
  const late = kept.tx.query(add('00000000-0000-4000-8000-000000000002'));
  await expect(late).rejects.toThrow(
    'late: this statement came after COMMIT; await every statement before the work of the transaction ends',
  );
  expect(await customers()).toEqual([]);
});

/** Makes BEGIN fail, as a cancel can do. */
function failBegin(victim: Pool): void {
  victim.on('connect', (client) => {
    const query = client.query.bind(client) as (asked: unknown) => unknown;
    client.query = ((asked: string | { text: string }) => {
      if (typeof asked !== 'string' && asked.text === 'BEGIN') asked.text = DIVIDE.text;
      return query(asked === 'BEGIN' ? DIVIDE.text : asked);
    }) as typeof client.query;
  });
}

test.each<[string, (tx: Tx) => Promise<unknown>, TransactionOptions]>([
  ['the first statement', (tx) => tx.query(ADD), {}],
  ['a statement that is sent with COMMIT', async (tx) => void tx.commitBehind([ADD]), {}],
  ['a statement after reads', (tx) => tx.query(SELECT).then(() => tx.query(ADD)), { readsFirst: true }],
  [
    'a statement after reads that is sent with COMMIT',
    (tx) => tx.query(SELECT).then(() => tx.commitBehind([ADD])),
    { readsFirst: true },
  ],
])('does not carry out %s when BEGIN has failed', async (_which, work, options) => {
  const victim = createTestPool(url);
  failBegin(victim);
  const failed = withTransaction(victim, 'add', work, options);
  await expect(failed).rejects.toMatchObject({ message: 'add: division by zero', outcomeUnknown: false });
  await victim.end();
  expect(await customers()).toEqual([]);
});

test.each([
  ['a refused login', (asked: URL) => Object.assign(asked, { username: 'nobody' })],
  ['a missing database', (asked: URL) => Object.assign(asked, { pathname: '/nothing' })],
])('classifies %s as unavailable', async (_what, wrong) => {
  const refused = createTestPool(wrong(new URL(url)).href);
  const asks = [onPool(refused).query({ text: 'SELECT 1' }), withTransaction(refused, 'ask', (tx) => tx.query(SELECT))];
  const failures = await Promise.all(asks.map((ask) => ask.then(() => undefined, classify)));
  await refused.end();
  expect(failures).toEqual(['unavailable', 'unavailable']);
});

const BROKEN = Object.assign(new Error('write EPROTO'), { code: 'EPROTO' });

/** Ends connections with an uncommon error, as TLS can do, after `text` has been sent and `whenTo` has resolved. */
function breakConnections(victim: Pool, text: string, whenTo: () => Promise<unknown>): void {
  victim.on('connect', (client) => {
    const { stream } = (client as unknown as { connection: { stream: Socket } }).connection;
    const query = client.query.bind(client) as (asked: unknown) => unknown;
    client.query = ((asked: string | { text: string }) => {
      if (asked === text || (typeof asked !== 'string' && asked.text === text)) {
        stream.pause();
        void whenTo().then(() => stream.destroy(BROKEN));
      }
      return query(asked);
    }) as typeof client.query;
  });
}

test('reports an unknown outcome and does not repeat the transaction when the answer to COMMIT is lost', async () => {
  const victim = createTestPool(url);
  breakConnections(victim, 'COMMIT', () => eventually(async () => expect(await customers()).toHaveLength(1)));
  const error = await withTransaction(victim, 'add', async (tx) => tx.commitBehind([ADD])).catch((error) => error);
  await victim.end();
  expect([error.message, error.outcomeUnknown, classify(error)]).toEqual(['add: write EPROTO', true, 'unavailable']);
});

test.each<[string, (tx: Tx) => Promise<unknown>]>([
  ['the last statements are sent', async (tx) => void tx.commitBehind([ADD])],
  ['COMMIT is sent', async () => undefined],
])('reports a known outcome when the connection is lost before %s', async (_what, end) => {
  const victim = createTestPool(url);
  const gone = new Promise<void>((resolve) => victim.on('connect', (client) => client.on('end', resolve)));
  const lost = withTransaction(victim, 'add', async (tx) => {
    const [session] = await tx.query<{ pid: number }>({ text: 'SELECT pg_backend_pid() AS pid' });
    await pool.query('SELECT pg_terminate_backend($1)', [session?.pid]);
    await gone;
    await end(tx);
  });
  await expect(lost).rejects.toMatchObject({ constructor: Disconnected, outcomeUnknown: false });
  await victim.end();
  expect(await customers()).toEqual([]);
});

test('classifies any failure of a connection as unavailable', async () => {
  const victim = createTestPool(url);
  breakConnections(victim, SELECT.text, async () => undefined);
  const asks = [onPool(victim).query(SELECT), withTransaction(victim, 'ask', (tx) => tx.query(SELECT))];
  const failures = await Promise.all(asks.map((ask) => ask.then(() => undefined, classify)));
  await victim.end();
  expect(failures).toEqual(['unavailable', 'unavailable']);
});

const STALE: readonly [string, (pool: Pool) => Promise<unknown>][] = [
  ['is missing', (one) => one.query('DEALLOCATE ALL')],
  ['was made before its table changed', (one) => one.query('ALTER TABLE customers ADD COLUMN note TEXT')],
];
const HOW: readonly [string, (pool: Pool, statement: Statement) => Promise<unknown>][] = [
  ['outside of a transaction', (pool, statement) => onPool(pool).query(statement)],
  ['in a transaction', (pool, statement) => withTransaction(pool, 'ask', (tx) => tx.query(statement))],
];
test.each(STALE.flatMap(([what, make]) => HOW.map(([how, ask]) => [what, how, make, ask] as const)))(
  'repeats a statement on another connection when its prepared form %s: %s',
  async (_what, _how, make, ask) => {
    await pool.query('ALTER TABLE customers DROP COLUMN IF EXISTS note');
    const one = createTestPool(url, { maxConnections: 1 });
    const named = { name: 'named', text: 'SELECT * FROM customers WHERE $1', values: [false] };
    await ask(one, named);
    await make(one);
    expect(await ask(one, named)).toEqual([]);
    await one.end();
  },
);

test('repeats statements and transactions once each when a change of a table has made all connections stale', async () => {
  const many = createTestPool(url, { maxConnections: 4 });
  await many.query('DROP TABLE IF EXISTS stones; CREATE TABLE stones (id INT)');
  const read = { name: 'read', text: 'SELECT id, pg_sleep(0.05)::text AS slept FROM stones UNION ALL SELECT 0, NULL' };
  const write = { name: 'write', text: 'INSERT INTO stones VALUES ($1) RETURNING id', values: [1] };
  let runs = 0;
  const alone = () => onPool(many).query(read);
  const together = () =>
    withTransaction(many, 'write', async (tx) => {
      runs += 1;
      await tx.query(read);
      return tx.commitBehind(write.values.map(() => write));
    });
  const all = () => Promise.all([alone(), alone(), together(), together()]);
  await Promise.all([all(), all()]);
  expect(many.totalCount).toBe(4);
  await many.query('DELETE FROM stones');

  await many.query('ALTER TABLE stones ALTER COLUMN id TYPE BIGINT');
  runs = 0;
  await together();
  expect(runs).toBe(2);
  await many.query('ALTER TABLE stones ALTER COLUMN id TYPE INT');
  await alone();
  await many.query('ALTER TABLE stones ALTER COLUMN id TYPE BIGINT');
  await all();
  expect((await many.query('SELECT count(*)::int AS n FROM stones')).rows).toEqual([{ n: 3 }]);
  await many.query('DROP TABLE stones');
  await many.end();
});

test('a stale statement behind reads is repeated with its transaction', async () => {
  const one = createTestPool(url, { maxConnections: 1 });
  const missing = (tx: Tx) => tx.query({ name: 'named', text: 'SELECT 1 AS one' });
  const work = () => withTransaction(one, 'ask', missing, { readsFirst: true });
  await work();
  await one.query('DEALLOCATE ALL');
  expect(await work()).toEqual([{ one: 1 }]);
  await one.end();
});
