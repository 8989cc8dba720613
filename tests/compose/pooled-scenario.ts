import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { DEAD_LETTER_EXCHANGE, deadLetterQueueOf, eventQueues, WATERMARK_QUEUE } from '@tallyline/contracts/topology';
import { eventually } from '@tallyline/local/testing/eventually';
import { type ComposeProject, compose } from './compose-project.js';
import type { Check } from './scenario.js';
import { placeOrders, read, type Shop, stockTheShop, withTraffic } from './shop.js';
import { viewsEqualTheOrders } from './views.js';

const POOLED_READ_URL = 'postgres://postgres:postgres@read-pool:6432/read_db';
const WARN = 40;
/** Under load a transaction is open most of the time, so a few attempts suffice to freeze a writer in one. */
const MAX_ATTEMPTS = 40;
/** Counts the frozen transactions of writers, by the lock that each of them holds. A relay's transaction commits no event. */
const HELD = `SELECT count(DISTINCT pid) FROM pg_locks JOIN pg_stat_activity USING (pid)
  WHERE datname = 'write_db' AND state LIKE 'idle in transaction%' AND locktype = 'advisory' AND objsubid = 2`;
/** The server ends an idle transaction after 10 s. PgBouncer and a busy machine need a little longer. */
const ENDED_WITHIN_MS = 14_000;

/** Runs with a PgBouncer in transaction mode before each database, on queues that were declared on RabbitMQ 3. */
export function pooledScenario(project: ComposeProject, shop: Shop): Check[] {
  const run = (...args: string[]) => compose(project, ...args);
  const equal = async () => `${await viewsEqualTheOrders(project, shop)} orders in every view`;
  return [
    [
      'the suite starts behind poolers, on queues that RabbitMQ 3 declared',
      async () => {
        await run('up', '-d', '--wait', 'rabbitmq');
        await declareAsRabbitmq3(shop);
        await run('up', '-d', '--build', '--wait');
        assert.deepEqual(await warnings(project), []);
        const [version] = (await run('exec', '-T', 'write-pool', 'pgbouncer', '--version')).split('\n');
        return version;
      },
    ],
    [
      'orders reach every view over shared server sessions',
      async () => {
        await stockTheShop(shop);
        await placeOrders(shop, 200);
        return equal();
      },
    ],
    [
      'orders reach every view after the poolers were killed under traffic',
      async () => {
        const { accepted, failed } = await withTraffic(shop, async () => {
          await run('kill', 'write-pool', 'read-pool');
          await run('up', '-d', '--wait');
        });
        return `${await equal()}; ${accepted} accepted and ${failed} refused meanwhile`;
      },
    ],
    [
      'orders reach every view after services and databases were killed under traffic',
      async () => {
        await withTraffic(shop, async () => {
          await run('kill', 'consumer-service', 'command-service', 'write-db', 'read-db');
          await run('up', '-d', '--wait');
        });
        return equal();
      },
    ],
    [
      'sync-status waits for a writer that is frozen in its transaction, and its locks are free after 10 s',
      async () => {
        // A second command-service goes on and publishes watermarks. They must stop before the frozen transaction.
        await run('run', '-d', '--no-deps', 'command-service');
        const { held, releasedAfterMs } = await freezeWriter(project, shop);
        return `${held} transaction(s) held, released after ${(releasedAfterMs / 1000).toFixed(1)} s; ${await equal()}`;
      },
    ],
    [
      'verify works through the pooler, and rebuild refuses the pooler with a reason',
      async () => {
        const tools = ['run', '--rm', '-T', '-e', `READ_DATABASE_URL=${POOLED_READ_URL}`, 'tools'];
        await run('build', 'tools');
        assert.match(await run(...tools, 'verify'), /Equal to the cent/);
        await assert.rejects(run(...tools, 'rebuild'), /ended with 2:[\s\S]*rebuild needs a server session of its own/);
        return equal();
      },
    ],
  ];
}

/** Declares quorum queues without x-delivery-limit, as an upgraded broker still has them. */
async function declareAsRabbitmq3({ managementUrl }: Shop): Promise<void> {
  const authorization = `Basic ${Buffer.from('guest:guest').toString('base64')}`;
  const declare = (queue: string, more: object = {}) =>
    eventually(async () => {
      const { status } = await fetch(`${managementUrl}/api/queues/%2F/${queue}`, {
        method: 'PUT',
        headers: { authorization, 'content-type': 'application/json' },
        body: JSON.stringify({ durable: true, arguments: { 'x-queue-type': 'quorum', ...more } }),
      });
      assert.ok([201, 204].includes(status), `declaring ${queue} was answered ${status}`);
    });
  for (const queue of Object.keys(eventQueues)) {
    const deadLetterQueue = deadLetterQueueOf(queue);
    await declare(deadLetterQueue);
    await declare(queue, {
      'x-dead-letter-exchange': DEAD_LETTER_EXCHANGE,
      'x-dead-letter-routing-key': deadLetterQueue,
    });
  }
  await declare(WATERMARK_QUEUE);
}

/** Returns the warnings and errors in the logs of the services. */
async function warnings(project: ComposeProject): Promise<string[]> {
  const lines = await compose(project, 'logs', '--no-log-prefix', 'command-service', 'consumer-service');
  return lines
    .split('\n')
    .flatMap((line) => (line.startsWith('{') ? (JSON.parse(line) as { level: number; msg: string }) : []))
    .flatMap(({ level, msg }) => (level >= WARN ? msg : []));
}

/** Pauses command-service while it is in a transaction, and waits until the server has ended the transaction. */
async function freezeWriter(project: ComposeProject, shop: Shop) {
  const ask = (sql: string) =>
    compose(project, 'exec', '-T', 'write-db', 'psql', '-qXtA', '-U', 'postgres', '-d', 'write_db', '-c', sql);
  const heldNow = async () => Number(await ask(HELD));
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
    let held = 0;
    let releasedAfterMs = 0;
    await withTraffic(shop, async () => {
      await delay(300 + 37 * attempt);
      await compose(project, 'pause', 'command-service');
      const frozenAt = performance.now();
      held = await heldNow();
      try {
        if (held > 0) {
          await delay(6_000);
          // A transaction that had already sent its COMMIT is committed by now.
          held = await heldNow();
        }
        if (held > 0) {
          const { status } = await read<{ status: string }>(`${shop.queryUrl}/api/analytics/sync-status`);
          assert.notEqual(status, 'in-sync');
          await eventually(async () => assert.equal(await heldNow(), 0, 'the frozen writer still holds its locks'), {
            timeoutMs: ENDED_WITHIN_MS,
            intervalMs: 100,
          });
          releasedAfterMs = performance.now() - frozenAt;
        }
      } finally {
        await compose(project, 'unpause', 'command-service');
      }
    });
    if (held > 0) return { held, releasedAfterMs };
  }
  throw new Error(`the writer was in no transaction in ${MAX_ATTEMPTS} attempts`);
}
