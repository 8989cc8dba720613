import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { prepareDatabase, readMigrations, readSchema } from '@tallyline/local/servers/schema';
import { type Figure, figureOfValue } from '../figure.js';
import { goals } from '../goals.js';
import { shown } from '../in-turn.js';
import type { SteadyOrders, SteadyOrdersAnswer } from '../load/steady-orders.js';
import { startLoad } from '../load-process.js';
import type { Run } from '../run.js';
import { seedProducts, seedWriteHistory } from '../seed.js';
import { type Service, startService } from '../service.js';
import { createStage, declareTopology, type Stage } from '../stage.js';

const ORDERS_PER_SECOND = 200;
const BUILDS = 3;
const NO_BUILD_MS = 5_000;

const INDEX = 'orders_of_bench ON orders (created_at, customer_id, total)';
const DROP = '-- kind: concurrently\n-- step: expand\nDROP INDEX CONCURRENTLY IF EXISTS orders_of_bench;\n';
const builds: Readonly<Record<string, string>> = {
  'index-build': `-- kind: concurrently\n-- step: expand\nCREATE INDEX CONCURRENTLY IF NOT EXISTS ${INDEX};\n`,
  'index-build-plain': `-- kind: transaction\n-- step: expand\nCREATE INDEX IF NOT EXISTS ${INDEX};\n`,
};

/**
 * Measures the slowest order while an index is built on a large table through the runner of migrations: concurrently, plainly,
 * and not at all. Each build is a migration of its own, and another one drops the index.
 */
export async function measureIndexBuild(run: Run): Promise<Figure[]> {
  const { history, warmUpMs } = run.scale;
  const stage = await createStage(run.servers);
  run.progress(`index-build: writing ${history.toLocaleString('en-US')} orders with their events`);
  await declareTopology(stage);
  await stage.onWrite(seedProducts);
  await stage.onWrite((client) => seedWriteHistory(client, history));
  const service = await startService('command-service', stage);
  const migrate = migratorOf(stage);

  const figures: Figure[] = [];
  const measure = async (name: string, work: () => Promise<void>) => {
    const slowest: number[] = [];
    for (let build = 1; build <= BUILDS; build += 1) {
      const { slowestMs, p50Ms, orders, seconds } = await ordersDuring(service, warmUpMs, work);
      slowest.push(slowestMs);
      run.progress(
        `${name} ${build}: ${seconds.toFixed(1)} s, ${orders} orders, p50 ${shown(p50Ms)} ms, slowest ${shown(slowestMs)} ms`,
      );
      await migrate(DROP);
    }
    const goal = name === 'index-build' ? goals.indexBuildMs : undefined;
    figures.push(figureOfValue({ name, unit: 'ms', reference: '', goal }, Math.max(...slowest)));
  };
  for (const [name, sql] of Object.entries(builds)) await measure(name, () => migrate(sql));
  await measure('index-build-none', () => delay(NO_BUILD_MS));
  await service.stop();
  await stage.drop();
  return figures;
}

/** Returns a function that puts a text into the next file of a folder of migrations and runs it. */
function migratorOf({ servers, writeUrl }: Stage): (sql: string) => Promise<void> {
  const folder = join(servers.dir, 'migrations');
  let number = 9_000;
  return async (sql) => {
    number += 1;
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, `${number}-bench.sql`), sql);
    const schema = await readSchema('write');
    const migrations = [...schema.migrations, ...(await readMigrations(folder, folder))];
    await prepareDatabase(writeUrl, 'write', { schema: { ...schema, migrations } });
  };
}

async function ordersDuring(service: Service, warmUpMs: number, work: () => Promise<void>) {
  const input: SteadyOrders = { url: service.url, ordersPerSecond: ORDERS_PER_SECOND, warmUpMs };
  const load = await startLoad('steady-orders', input);
  const startedAt = performance.now();
  await work();
  const seconds = (performance.now() - startedAt) / 1_000;
  return { ...(await load.finish<SteadyOrdersAnswer>()), seconds };
}
