import { combineWrites, runWrites, type WriteStatement } from '@tallyline/chassis/postgres/one-round-trip';
import { onPool, type Pool, type Statement, type Tx, withTransaction } from '@tallyline/chassis/postgres/pool';
import type { Watermark } from '@tallyline/contracts/watermark';
import { findArchived, insertArchived } from '../archive/archive.sql.js';
import { addToLedger, upsertLedger } from '../lag/ledger.sql.js';
import { addToOtherSources, judgeWatermarks, ledgerSources, recordSources } from '../lag/sources.sql.js';
import { lockReported, storeWatermarks } from '../lag/watermarks.sql.js';
import { parkEvents } from '../parked-events/park-events.js';
import type { ParkedEvent } from '../parked-events/parked-event.js';
import { deleteParked, lockParked } from '../parked-events/parked-events.sql.js';
import { addToViews, views } from '../projections/index.js';
import type { View } from '../projections/view.js';
import type { DeadLetter, DecodedEvent } from './decode.js';
import {
  deleteDeadLetters,
  insertAllNew,
  insertDeadLetters,
  insertNewEvents,
  isKnownEvent,
  lockInbox,
} from './inbox.sql.js';
import { maybePastRetention } from './retention.sql.js';

export interface Batch {
  readonly events: readonly DecodedEvent[];
  readonly deadLetters: readonly DeadLetter[];
  /** Events of the outbox that are newer than this release. */
  readonly parked?: readonly ParkedEvent[];
  readonly watermarks: readonly Watermark[];
}

export interface Applied {
  /** Events that this batch added to the views. */
  readonly applied: readonly DecodedEvent[];
  /** Events that this batch parked. */
  readonly parked: readonly ParkedEvent[];
  readonly duplicates: number;
}

/**
 * Adds the new events of a batch to the inbox, the archive, the views and the ledger in one transaction. A batch that is
 * likely to be all new is written with one statement, without asking first. If one of its events is known after all, the
 * inbox's key refuses the statement, and the batch is applied in a transaction that finds out which events are new.
 */
export async function applyBatch(pool: Pool, batch: Batch, into: readonly View[] = views): Promise<Applied> {
  const ids = batch.events.map(({ id }) => id);
  const known = ledgerSources.get(pool);
  const { deadLetters, parked = [], watermarks } = batch;
  const isOrdinary = deadLetters.length + parked.length + watermarks.length + maybePastRetention(ids).length === 0;
  if (ids.length > 0 && isOrdinary && sourcesOf(batch).every((source) => source === known)) {
    try {
      return await applyAsNew(pool, batch.events, into);
    } catch (error) {
      if (!isKnownEvent(error)) throw error;
    }
  }
  const { ledgerSource, ...applied } = await withTransaction(pool, 'apply batch', (tx) =>
    applyInTransaction(tx, batch, known, into),
  );
  if (ledgerSource !== undefined) ledgerSources.set(pool, ledgerSource);
  return applied;
}

function sourcesOf({ events, deadLetters, parked = [] }: Batch): string[] {
  return [...new Set([...events, ...deadLetters, ...parked].flatMap(({ source }) => source ?? []))];
}

async function applyAsNew(pool: Pool, events: readonly DecodedEvent[], into: readonly View[]): Promise<Applied> {
  const applied = [...byId(events).values()];
  const accounted = applied.filter(({ fromOutbox }) => fromOutbox).map(({ id }) => id);
  const inbox = insertAllNew(applied.map(({ id }) => id));
  await runWrites(onPool(pool), 'apply-new-events', [inbox, ...writesOf(applied, accounted, [], into)]);
  return { applied, parked: [], duplicates: events.length - applied.length };
}

/** Applies the new events of a batch. `knownSource` is the write database that the ledger counts, if the caller knows it. */
export async function applyInTransaction(
  tx: Tx,
  batch: Batch,
  knownSource?: string,
  into: readonly View[] = views,
): Promise<Applied & { readonly ledgerSource: string | undefined }> {
  const sources = sourcesOf(batch);
  const ledgerSource = sources.every((source) => source === knownSource)
    ? knownSource
    : await recordSources(tx, sources);
  const watermarks = await judgeWatermarks(tx, batch.watermarks);
  // Watermarks of other write databases are not compared, so their events are treated as foreign messages.
  const ofLedgerSource = <E extends DecodedEvent | DeadLetter | ParkedEvent>(one: E): E =>
    one.source === undefined || one.source === ledgerSource ? one : { ...one, fromOutbox: false };
  const eventOf = byId(batch.events.map(ofLedgerSource));
  const deadLetters = batch.deadLetters.map(ofLedgerSource);
  const newer = batch.parked?.map(ofLedgerSource) ?? [];
  const ids = [...eventOf.keys()];
  if (deadLetters.length + newer.length > 0) await lockInbox(tx);
  if (newer.length > 0) await lockParked(tx);
  const old = maybePastRetention([...ids, ...newer.map(({ id }) => id)]);
  const archived = old.length > 0 ? await findArchived(tx, old) : new Set<string>();
  const unarchived = ids.filter((id) => !archived.has(id));
  // A parked event that is discarded meanwhile becomes a dead letter, so the dead letters are deleted second.
  const [newIds, ...countedBefore] = await Promise.all([
    insertNewEvents(tx, unarchived),
    deleteParked(tx, ids),
    deleteDeadLetters(tx, ids),
  ]);
  const accountedBefore = new Set(countedBefore.flatMap((some) => [...some]));
  const applied = [...eventOf.values()].filter(({ id }) => newIds.has(id));

  // An event that was a dead letter or parked before is accounted for already, and so is a dead letter that was recorded
  // before.
  const { parked, ...newlyParked } = await parkEvents(
    tx,
    newer.filter(({ id }) => !archived.has(id)),
  );
  const newDeadLetters = deadLetters.length > 0 ? await recordDeadLetters(tx, deadLetters) : [];
  const newlyApplied = applied.filter(({ id, fromOutbox }) => fromOutbox && !accountedBefore.has(id));
  const accounted = [...newlyApplied.map(({ id }) => id), ...newlyParked.accounted, ...newDeadLetters];

  const last = combineWrites('apply-batch', writesOf(applied, accounted, watermarks, into));
  const others = addToOtherSources(applied, ledgerSource);
  if (watermarks.length === 0) {
    tx.commitBehind([...last, ...others]);
  } else {
    // The ledger is written before sync_state is locked, in the order of a rebuild. Another order could deadlock.
    const written = Promise.all(last.map((statement) => tx.query(statement)));
    const [reported] = await Promise.all([lockReported(tx), written]);
    tx.commitBehind([...storeWatermarks(reported, watermarks), ...others]);
  }
  const duplicates = batch.events.length - applied.length + newer.length - parked.length;
  return { applied, parked, duplicates, ledgerSource };
}

const byId = (events: readonly DecodedEvent[]) => new Map(events.map((event) => [event.id, event]));

/** Writes the archive first, where no two batches wait for each other, then each view once, and the ledger last. */
function writesOf(
  applied: readonly DecodedEvent[],
  accounted: readonly string[],
  watermarks: readonly Watermark[],
  into: readonly View[],
): WriteStatement[] {
  const ledger = addToLedger(accounted, watermarks);
  return applied.length === 0
    ? ledger
    : [
        insertArchived(applied),
        ...addToViews(
          applied.map(({ event }) => event),
          into,
        ),
        ...ledger,
      ];
}

/** Returns the statements of a batch without rows. The readiness check runs them to see whether a batch could be stored. */
export function batchStatements(): Statement[] {
  const parts = [insertAllNew([]), insertArchived([]), ...views.map((view) => view.upsert([])), upsertLedger([])];
  return parts.map(({ name, sql, with: reads = {}, values }) => {
    const withs = Object.entries(reads).map(([read, text]) => `${read} AS (${text})`);
    return { name: `no-${name}`, text: withs.length > 0 ? `WITH ${withs.join(', ')} ${sql}` : sql, values };
  });
}

/** Records dead letters. Of two copies it takes the one from the outbox. Returns the ids that are now accounted for. */
function recordDeadLetters(tx: Tx, deadLetters: readonly DeadLetter[]): Promise<string[]> {
  const unique = new Map<string, DeadLetter>();
  for (const deadLetter of deadLetters)
    if (deadLetter.fromOutbox || !unique.has(deadLetter.id)) unique.set(deadLetter.id, deadLetter);
  return insertDeadLetters(tx, [...unique.values()]);
}
