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
/** Orders keep a transaction open for most of the time, so that a few moments are enough to meet one. */
const MAX_ATTEMPTS = 40;
const HELD = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'write_db' AND state LIKE 'idle in transaction%'";
/** The server ends a transaction that stands still after 10 s; PgBouncer and a busy machine need a moment more. */
const ENDED_WITHIN_MS = 14_000;

/** A PgBouncer in transaction mode before each database, and queues as RabbitMQ 3 declared them. */
export function pooledScenario(project: ComposeProject, shop: Shop): Check[] {
  const run = (...args: string[]) => compose(project, ...args);
  const equal = async () => `${await viewsEqualTheOrders(project, shop)} orders in every view`;
  return [
    [
      'starts behind poolers, on queues as RabbitMQ 3 declared them',
      async () => {
        await run('up', '-d', '--wait', 'rabbitmq');
        await declareAsRabbitmq3(shop);
        await run('up', '-d', '--build', '--wait');
        assert.deepEqual(await complaints(project), []);
        const [version] = (await run('exec', '-T', 'write-pool', 'pgbouncer', '--version')).split('\n');
        return version;
      },
    ],
    [
      'orders reach every view, in many server sessions',
      async () => {
        await stockTheShop(shop);
        await placeOrders(shop, 200);
        return equal();
      },
    ],
    [
      'poolers killed under traffic',
      async () => {
        const { accepted, failed } = await withTraffic(shop, async () => {
          await run('kill', 'write-pool', 'read-pool');
          await run('up', '-d', '--wait');
        });
        return `${await equal()}; ${accepted} accepted and ${failed} refused meanwhile`;
      },
    ],
    [
      'services and databases killed under traffic',
      async () => {
        await withTraffic(shop, async () => {
          await run('kill', 'consumer-service', 'command-service', 'write-db', 'read-db');
          await run('up', '-d', '--wait');
        });
        return equal();
      },
    ],
    [
      'a writer frozen in its transaction is not taken for one that is done, and its locks are free after 10 s',
      async () => {
        // Another one goes on and reports: it must not call a second complete in which the frozen one may still commit.
        await run('run', '-d', '--no-deps', 'command-service');
        const { held, releasedAfterMs } = await freezeWriter(project, shop);
        return `${held} transaction(s) held, released after ${(releasedAfterMs / 1000).toFixed(1)} s; ${await equal()}`;
      },
    ],
    [
      'verify works through the pooler, rebuild refuses it and says why',
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

/** Quorum queues without x-delivery-limit, as a broker that was upgraded still has them. */
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

/** What the services complain about. */
async function complaints(project: ComposeProject): Promise<string[]> {
  const lines = await compose(project, 'logs', '--no-log-prefix', 'command-service', 'consumer-service');
  return lines
    .split('\n')
    .flatMap((line) => (line.startsWith('{') ? (JSON.parse(line) as { level: number; msg: string }) : []))
    .flatMap(({ level, msg }) => (level >= WARN ? msg : []));
}

/** Stops command-service at a moment at which it is in a transaction, and waits until the server has ended that. */
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
          // What was only waiting for the answer to its COMMIT when it froze has been committed meanwhile.
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
  throw new Error(`the writer was in no transaction at ${MAX_ATTEMPTS} moments`);
}
