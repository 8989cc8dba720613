import type { Progress } from '@tallyline/chassis/command-line/progress';
import { batchesOf, holdSnapshot } from '@tallyline/chassis/postgres/cursor';
import { type Pool, type Tx, withTransaction } from '@tallyline/chassis/postgres/pool';
import { type Difference, differences, type Row } from './compare.js';
import { explain, type Finding } from './explain.js';
import { addForeign } from './foreign.sql.js';
import { orderChecks } from './order-views.sql.js';
import { spellPlainly } from './plain-texts.sql.js';
import { purchaseChecks } from './purchase-views.sql.js';
import {
  appliedIds,
  countRows,
  findMovedForeign,
  findViewsLackingHistory,
  foreignBodies,
  lackedIds,
} from './read-side.sql.js';
import type { ViewCheck } from './view-check.js';
import {
  addIds,
  countUnapplied,
  createAppliedTable,
  findContested,
  gatherFacts,
  gatherSteps,
} from './write-side.sql.js';

export const viewChecks: readonly ViewCheck[] = [...orderChecks, ...purchaseChecks];

export interface Verdict {
  readonly events: number;
  readonly foreign: number;
  /** Number of committed events that are not in the views yet. */
  readonly unapplied: number;
  /** Number of events that are newer than the consumers. The views lack them. */
  readonly parked: number;
  /** Number of tables that were compared. */
  readonly views: number;
  /** Views that lack history. They are not compared. */
  readonly lacking: readonly string[];
  readonly rows: number;
  readonly differing: number;
  /** The first differing rows, with explanations. */
  readonly findings: readonly Finding[];
}

/** The report describes at most this many differing rows. Further ones are only counted. */
const MAX_FINDINGS = 200;

/**
 * Takes a snapshot of the read side and then one of the write side, so that the second has every event that the first
 * has applied. The rows of each view for exactly these events are computed in the write database and compared.
 */
export function verify(read: Pool, write: Pool, progress: Progress): Promise<Verdict> {
  return withTransaction(read, 'read the views', async (readTx) => {
    await holdSnapshot(readTx);
    const events = await countRows(readTx, 'processed_events');
    return withTransaction(write, 'recompute the views', async (writeTx) => {
      await holdSnapshot(writeTx);
      const foreign = await gather(readTx, writeTx, events, progress);
      const unapplied = await countUnapplied(writeTx);
      const parked = await countRows(readTx, 'parked_events');
      const lacking = await findViewsLackingHistory(readTx);
      const checks = viewChecks.filter(({ view, filledWith = view }) => !lacking.includes(filledWith));
      let rows = 0;
      let differing = 0;
      const found: (Difference & { check: ViewCheck })[] = [];
      for (const check of checks) {
        const count = await countRows(readTx, check.view);
        progress.part(`comparing ${check.view}`, count);
        rows += count;
        for await (const difference of differencesOf(readTx, writeTx, check, progress)) {
          differing += 1;
          if (found.length < MAX_FINDINGS) found.push({ ...difference, check });
        }
      }
      const findings = await explain(writeTx, found);
      return { events, foreign, unapplied, parked, views: checks.length, lacking, rows, differing, findings };
    });
  });
}

async function gather(readTx: Tx, writeTx: Tx, events: number, progress: Progress): Promise<number> {
  const moved = await findMovedForeign(readTx);
  if (moved.length > 0) {
    throw new Error(
      `events of other publishers were moved to the lake (${moved.join(', ')}): run npm run archive -- restore first`,
    );
  }
  await createAppliedTable(writeTx);
  progress.part('reading which events are applied', events);
  for await (const batch of appliedIds(readTx)) {
    await addIds(
      writeTx,
      'applied',
      batch.map(({ id }) => id),
    );
    progress.advance(batch.length);
  }
  for await (const batch of lackedIds(readTx)) {
    await addIds(
      writeTx,
      'lacked',
      batch.map(({ id }) => id),
    );
  }
  progress.part('gathering the facts of the write side', gatherSteps);
  await gatherFacts(writeTx, () => progress.advance(1));
  await spellPlainly(writeTx);
  let foreign = 0;
  for await (const batch of foreignBodies(readTx)) {
    await addForeign(writeTx, batch, -1 - foreign);
    foreign += batch.length;
  }
  return foreign;
}

async function* differencesOf(
  readTx: Tx,
  writeTx: Tx,
  check: ViewCheck,
  progress: Progress,
): AsyncGenerator<Difference> {
  const contested = await findContested(writeTx, check);
  const have = batchesOf<Row>(readTx, `have_${check.view}`, check.have);
  const want = batchesOf<Row>(writeTx, `want_${check.view}`, check.want);
  for await (const difference of differences(showProgress(have, progress), want, check.order)) {
    if (!contested.has(difference.key)) yield difference;
  }
}

async function* showProgress(batches: AsyncIterable<Row[]>, progress: Progress): AsyncGenerator<Row[]> {
  for await (const batch of batches) {
    yield batch;
    progress.advance(batch.length);
  }
}
