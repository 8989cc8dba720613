import { withClient } from '@tallyline/local/servers/schema';
import { type Figure, figureOfValue } from '../figure.js';
import { goals } from '../goals.js';
import { shown } from '../in-turn.js';
import type { Run } from '../run.js';
import { seedPurchaseViews } from '../seed-purchases.js';
import { startService } from '../service.js';
import { createStage, type Stage } from '../stage.js';

const ANSWERS = 1_000;
const ONE_YEAR_DAYS = 365;

/** The requests of a page that shows the branches. */
const questions: Readonly<Record<string, string>> = {
  'top-products': '/api/analytics/branches/downtown/top-products?period=week',
  'loyal-customers': '/api/analytics/branches/downtown/loyal-customers',
  'unique-customers': '/api/analytics/branches/downtown/unique-customers',
  revenue: '/api/analytics/branches/downtown/revenue?interval=week',
  'side-by-side': '/api/analytics/branches',
};

/**
 * Measures each request on views of three years of purchases, of the last of these years alone, and of none. The unit is
 * database blocks per answer: unlike a time, it does not depend on what else runs on the machine.
 */
export async function measureBranches(run: Run): Promise<Figure[]> {
  const { history } = run.scale;
  run.progress(`branches: writing the views of ${history.toLocaleString('en-US')} purchases`);
  const all = await createStage(run.servers);
  const year = await createStage(run.servers);
  const none = await createStage(run.servers);
  await all.onRead((client) => seedPurchaseViews(client, history));
  await year.onRead((client) => seedPurchaseViews(client, history, ONE_YEAR_DAYS));
  const figures: Figure[] = [];
  for (const [question, path] of Object.entries(questions)) {
    const name = `branches-${question}`;
    const [ours, reference, empty] = [
      await blocksPerAnswer(all, path),
      await blocksPerAnswer(year, path),
      await blocksPerAnswer(none, path),
    ];
    run.progress(
      `${name}: ${shown(ours)} blocks an answer, ${shown(reference)} after one year, ${shown(empty)} with none`,
    );
    figures.push(figureOfValue({ name, unit: 'blocks/answer', reference: '', goal: goals.branchBlocks }, ours));
  }
  await Promise.all([all.drop(), year.drop(), none.drop()]);
  return figures;
}

/** Subtracts the blocks of a run with one answer from those of a long run, so that the cost of starting cancels out. */
async function blocksPerAnswer(stage: Stage, path: string): Promise<number> {
  const one = await blocksOf(stage, path, 1);
  return ((await blocksOf(stage, path, 1 + ANSWERS)) - one) / ANSWERS;
}

async function blocksOf(stage: Stage, path: string, answers: number): Promise<number> {
  const before = await readBlocks(stage);
  const service = await startService('query-service', stage);
  for (let n = 0; n < answers; n += 1) {
    const response = await fetch(service.url + path);
    await response.text();
    if (response.status !== 200) throw new Error(`${path} answered ${response.status}`);
  }
  await service.stop();
  return (await readBlocks(stage)) - before;
}

/** A connection reports its counts when it ends. The query runs in another database, so that it adds no blocks itself. */
function readBlocks({ readUrl, servers }: Stage): Promise<number> {
  return withClient(servers.readServerUrl, async (client) => {
    const { rows } = await client.query(
      'SELECT blks_hit + blks_read AS blocks FROM pg_stat_database WHERE datname = $1',
      [new URL(readUrl).pathname.slice(1)],
    );
    return Number(rows[0].blocks);
  });
}
