import { withClient } from '@tallyline/local/servers/schema';
import { type Figure, figureOfValue } from '../figure.js';
import { shown } from '../in-turn.js';
import type { Run } from '../run.js';
import { seedPurchaseViews } from '../seed-purchases.js';
import { startService } from '../service.js';
import { createStage, type Stage } from '../stage.js';

const ANSWERS = 1_000;
const ONE_YEAR_DAYS = 365;
/** 12 look-ups of 3 blocks for the branches side by side, or a week of 500 products: reached once, and not passed since. */
const MAX_BLOCKS = 60;

/** Asked by whoever watches the branches. */
const questions: Readonly<Record<string, string>> = {
  'top-products': '/api/analytics/branches/downtown/top-products?period=week',
  'loyal-customers': '/api/analytics/branches/downtown/loyal-customers',
  'unique-customers': '/api/analytics/branches/downtown/unique-customers',
  revenue: '/api/analytics/branches/downtown/revenue?interval=week',
  'side-by-side': '/api/analytics/branches',
};

/**
 * What each question costs with 1,000,000 purchases behind it, in three years, against the last of these years alone, and
 * against none: in database blocks per answer, which another load on the machine cannot change as it changes a time.
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
    const described = {
      name,
      unit: 'blocks/answer',
      reference: '',
      goal: { atMost: MAX_BLOCKS },
    };
    figures.push(figureOfValue(described, ours));
  }
  await Promise.all([all.drop(), year.drop(), none.drop()]);
  return figures;
}

/** Two runs that differ in the number of answers alone: what starting costs falls out of the difference. */
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

/** A connection tells its counts when it ends; asking from another database adds none of its own. */
function readBlocks({ readUrl, servers }: Stage): Promise<number> {
  return withClient(servers.readServerUrl, async (client) => {
    const { rows } = await client.query(
      'SELECT blks_hit + blks_read AS blocks FROM pg_stat_database WHERE datname = $1',
      [new URL(readUrl).pathname.slice(1)],
    );
    return Number(rows[0].blocks);
  });
}
