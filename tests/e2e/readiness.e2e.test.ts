import { afterEach, expect, test } from '@jest/globals';
import { withClient } from '@tallyline/local/servers/schema';
import { eventually } from '@tallyline/local/testing/eventually';
import { call, openSuite } from '../setup/suite.js';

const suite = await openSuite();
const TIMEOUT = { timeoutMs: 25_000, intervalMs: 200 };

interface Health {
  readonly code: number;
  readonly status: string;
  readonly checks: Readonly<Record<string, { readonly status: string; readonly reason?: string }>>;
}

async function readiness(url: string): Promise<Health> {
  const { status, body } = await call(`${url}/health/ready`, {});
  return { code: status, ...body };
}

let undo: (() => Promise<unknown>) | undefined;
afterEach(async () => {
  await undo?.();
  undo = undefined;
});

const databaseName = (url: string) => new URL(url).pathname.slice(1);
const diskFull = (table: string) => `
  CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$;
  CREATE TRIGGER no_room BEFORE INSERT ON ${table} FOR EACH ROW EXECUTE FUNCTION no_room()`;
const roomAgain = (table: string) => `DROP TRIGGER no_room ON ${table}; DROP FUNCTION no_room()`;

const write = { service: 'command', url: suite.writeDatabaseUrl, check: 'writeDatabase' } as const;
const read = { service: 'consumer', url: suite.readDatabaseUrl, check: 'readDatabase' } as const;

interface Fault {
  readonly side: typeof write | typeof read;
  readonly what: string;
  readonly reason: string;
  readonly change: string;
  readonly back: string;
}

/** A missing column, which the test renames for a while. */
function withoutColumn(side: Fault['side'], table: string, column: string): Fault {
  return {
    side,
    what: `the column ${table}.${column} is missing`,
    reason: 'a column is missing: apply the schema',
    change: `ALTER TABLE ${table} RENAME ${column} TO renamed`,
    back: `ALTER TABLE ${table} RENAME renamed TO ${column}`,
  };
}

const full = (side: Fault['side']): Fault => ({
  side,
  what: 'its disk is full',
  reason: 'its disk is full',
  change: diskFull('storage_probe'),
  back: roomAgain('storage_probe'),
});

const faults: readonly Fault[] = [
  full(write),
  withoutColumn(write, 'orders', 'total'),
  withoutColumn(write, 'purchases', 'pos_id'),
  {
    side: write,
    what: 'the table outbox is missing',
    reason: 'a table is missing: apply the schema',
    change: 'ALTER TABLE outbox RENAME TO outbox_away',
    back: 'ALTER TABLE outbox_away RENAME TO outbox',
  },
  full(read),
  withoutColumn(read, 'orders_read', 'total'),
];

test.each(faults)(
  '$side.service-service is not ready while $what, and gives the reason',
  async ({ side, reason, change, back }) => {
    const { url } = suite[side.service];
    await eventually(async () => expect(await readiness(url)).toMatchObject({ code: 200, status: 'up' }), TIMEOUT);
    await withClient(side.url, (client) => client.query(change));
    undo = () => withClient(side.url, (client) => client.query(back));
    await eventually(async () => {
      expect(await readiness(url)).toMatchObject({
        code: 503,
        status: 'down',
        checks: { [side.check]: { status: 'down', reason } },
      });
    }, TIMEOUT);
    await undo();
    undo = undefined;
    await eventually(async () => expect(await readiness(url)).toMatchObject({ code: 200, status: 'up' }), TIMEOUT);
  },
  90_000,
);

test.each([write, read])(
  '$service-service is not ready while its database is read-only, and gives the reason',
  async (side) => {
    const { url } = suite[side.service];
    const set = (on: boolean) => async () => {
      const name = databaseName(side.url);
      await withClient(side.url, async (client) => {
        await client.query('SET default_transaction_read_only = off');
        await client.query(`ALTER DATABASE ${name} SET default_transaction_read_only = ${on}`);
        await client.query(
          'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()',
          [name],
        );
      });
    };
    await set(true)();
    undo = set(false);
    await eventually(async () => {
      expect(await readiness(url)).toMatchObject({
        code: 503,
        checks: { [side.check]: { status: 'down', reason: 'it takes no writes (read-only)' } },
      });
    }, TIMEOUT);
  },
  60_000,
);

test.each([
  [
    'the password is wrong',
    (url: URL) => Object.assign(url, { password: 'wrong' }),
    'it refuses the user name or the password',
  ],
  [
    'the virtual host is gone',
    (url: URL) => Object.assign(url, { pathname: '/nothing' }),
    'it has no such virtual host, or the user may not enter it',
  ],
  ['nothing listens', (url: URL) => Object.assign(url, { port: '9' }), 'nothing listens at its address'],
])(
  'while %s at the broker, command-service is degraded and consumer-service is not ready, with the reason',
  async (_what, wrong, reason) => {
    const env = { BROKER_URL: wrong(new URL(suite.brokerUrl)).href };
    const [command, consumer] = await Promise.all([
      suite.start('command-service', env),
      suite.start('consumer-service', env),
    ]);
    await eventually(async () => {
      expect(await readiness(command.url)).toMatchObject({
        code: 200,
        status: 'degraded',
        checks: {
          writeDatabase: { status: 'up' },
          broker: { status: 'down', reason: `events wait in the outbox: ${reason}` },
        },
      });
      expect(await readiness(consumer.url)).toMatchObject({
        code: 503,
        checks: { subscription: { status: 'down', reason: `not subscribed: ${reason}` } },
      });
    }, TIMEOUT);
    // A log line may arrive after the answer that gives the same reason.
    for (const { log } of [command, consumer])
      await eventually(() => expect(log).toContainEqual(expect.objectContaining({ level: 40, reason })), TIMEOUT);
    // The other consumer still keeps the views in sync.
    await eventually(
      async () => expect((await suite.get('/api/analytics/sync-status')).body.status).toBe('in-sync'),
      TIMEOUT,
    );
    await Promise.all([command.kill(), consumer.kill()]);
  },
  60_000,
);

test('sync-status names the reason when the consumer cannot work', async () => {
  const codes = async () =>
    (await suite.get('/api/analytics/sync-status')).body.reasons.map(({ code }: { code: string }) => code);
  await withClient(read.url, (client) => client.query('ALTER TABLE products_read ADD COLUMN vip BOOLEAN NOT NULL'));
  undo = () => withClient(read.url, (client) => client.query('ALTER TABLE products_read DROP COLUMN vip'));
  const product = { name: 'Pin', category: 'Office', price: 1, stock: 10 };
  expect((await suite.post('/api/products', product)).status).toBe(201);
  await eventually(async () => expect(await codes()).toContain('views-refuse-events'), TIMEOUT);
  expect(await readiness(suite.consumer.url)).toMatchObject({
    code: 503,
    checks: {
      applying: { status: 'down', reason: expect.stringMatching(/^every ProductCreated is refused.*column vip/) },
    },
  });
  expect((await suite.read.query('SELECT 1 FROM dead_letters')).rowCount).toBe(0);
  await undo();
  undo = undefined;
  await eventually(
    async () =>
      expect((await suite.get('/api/analytics/sync-status')).body).toMatchObject({ status: 'in-sync', reasons: [] }),
    TIMEOUT,
  );

  await suite.consumer.kill();
  const lost = await suite.start('consumer-service', { BROKER_URL: 'amqp://guest:guest@127.0.0.1:9' });
  await eventually(
    async () => expect(await codes()).toEqual(['consumer-without-broker', 'nothing-new-reported']),
    TIMEOUT,
  );
  await lost.kill();
  const back = await suite.start('consumer-service');
  await eventually(
    async () => expect((await suite.get('/api/analytics/sync-status')).body.status).toBe('in-sync'),
    TIMEOUT,
  );
  await back.stop();
}, 120_000);
