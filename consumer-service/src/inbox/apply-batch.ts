import { combineWrites, runWrites, type WriteStatement } from '@tallyline/chassis/postgres/one-round-trip';
import { onPool, type Pool, type Statement, type Tx, withTransaction } from '@tallyline/chassis/postgres/pool';
import { timeOfUuid } from '@tallyline/chassis/process/uuid-v7';
import type { Watermark } from '@tallyline/contracts/watermark';
import { findArchived, insertArchived } from '../archive/archive.sql.js';
import { addToViews, views } from '../projections/index.js';
import type { DecodedEvent, Poison } from './decode.js';
import { maybeForgotten } from './forgotten.js';
import {
  deleteDeadLetters,
  findDeadLetters,
  insertAllNew,
  insertDeadLetters,
  insertNewEvents,
  isKnownEvent,
  lockInbox,
} from './inbox.sql.js';
import { addToLedger, ledgerPart, storeWatermark } from './ledger.sql.js';
import { SettledSeconds } from './settled-seconds.js';
import { addToOtherSources, judgeWatermarks, noteSources, rememberedSource, rememberSource } from './sources.sql.js';

export interface Batch {
  readonly events: readonly DecodedEvent[];
  readonly poison: readonly Poison[];
  readonly watermarks: readonly Watermark[];
}

export interface Applied {
  /** Events that this batch added to the views. */
  readonly applied: readonly DecodedEvent[];
  readonly duplicates: number;
}

/**
 * One transaction: what is new goes into the inbox, the views, the archive and the ledger together, or not at all.
 * Nearly always everything is new, and then nothing has to be asked first: one statement says it all, and the inbox's key
 * refuses it where that was wrong.
 */
export async function applyBatch(pool: Pool, batch: Batch): Promise<Applied> {
  const ids = batch.events.map(({ id }) => id);
  const known = rememberedSource(pool);
  const isOrdinary = batch.poison.length + batch.watermarks.length + maybeForgotten(ids).length === 0;
  if (ids.length > 0 && isOrdinary && sourcesOf(batch).every((source) => source === known)) {
    try {
      return await applyAsNew(pool, batch.events);
    } catch (error) {
      if (!isKnownEvent(error)) throw error;
    }
  }
  const { countedSource, ...applied } = await withTransaction(pool, 'apply batch', (tx) =>
    applyInTransaction(tx, batch, known),
  );
  rememberSource(pool, countedSource);
  return applied;
}

function sourcesOf({ events, poison }: Batch): string[] {
  return [...new Set([...events, ...poison].flatMap(({ source }) => source ?? []))];
}

async function applyAsNew(pool: Pool, events: readonly DecodedEvent[]): Promise<Applied> {
  const applied = [...byId(events).values()];
  // By the time inside the id, when it was committed, as watermarks count: a body's time may be an imported order's.
  const settled = new SettledSeconds();
  for (const { id, counted } of applied) if (counted) settled.add(timeOfUuid(id));
  const inbox = insertAllNew(applied.map(({ id }) => id));
  await runWrites(onPool(pool), 'apply-new-events', [inbox, ...addEverywhere(applied, settled, [])]);
  return { applied, duplicates: events.length - applied.length };
}

/** Applies what of a batch is new. `knownSource`: the write database that is counted, if the caller knows. */
export async function applyInTransaction(
  tx: Tx,
  batch: Batch,
  knownSource?: string,
): Promise<Applied & { readonly countedSource: string | undefined }> {
  const sources = sourcesOf(batch);
  const countedSource = sources.every((source) => source === knownSource)
    ? knownSource
    : await noteSources(tx, sources);
  const watermarks = await judgeWatermarks(tx, batch.watermarks);
  const ofCounted = <E extends DecodedEvent | Poison>(one: E): E =>
    one.source === undefined || one.source === countedSource ? one : { ...one, counted: false };
  const events = batch.events.map(ofCounted);
  const poison = batch.poison.map(ofCounted);
  const eventOf = byId(events);
  const ids = [...eventOf.keys()];
  if (poison.length > 0) await lockInbox(tx);
  const old = maybeForgotten(ids);
  const archived = old.length > 0 ? await findArchived(tx, old) : new Set<string>();
  const unarchived = ids.filter((id) => !archived.has(id));
  const [newIds, lettersBefore] = await Promise.all([insertNewEvents(tx, unarchived), findDeadLetters(tx, ids)]);
  const applied = [...eventOf.values()].filter(({ id }) => newIds.has(id));

  // Both are rare, and the only ones whose answer decides what follows.
  const settledBefore = lettersBefore > 0 ? await deleteDeadLetters(tx, ids) : new Set<string>();
  const settledAside = poison.length > 0 ? await setAside(tx, poison) : [];

  const settled = new SettledSeconds();
  for (const { id, counted } of applied) if (counted && !settledBefore.has(id)) settled.add(timeOfUuid(id));
  for (const id of settledAside) settled.add(timeOfUuid(id));
  tx.commitBehind([
    ...combineWrites('apply-batch', addEverywhere(applied, settled, watermarks)),
    ...watermarks.map(storeWatermark),
    ...addToOtherSources(applied, countedSource),
  ]);
  return { applied, duplicates: events.length - applied.length, countedSource };
}

const byId = (events: readonly DecodedEvent[]) => new Map(events.map((event) => [event.id, event]));

/** First the archive, where no other batch has a row that this one waits for, then each view once, then the ledger. */
function addEverywhere(
  applied: readonly DecodedEvent[],
  settled: SettledSeconds,
  watermarks: readonly Watermark[],
): WriteStatement[] {
  const ledger = addToLedger(settled.list(), watermarks);
  return applied.length === 0
    ? ledger
    : [insertArchived(applied), ...addToViews(applied.map(({ event }) => event)), ...ledger];
}

/** What applying a batch runs, of no events: shows that a batch could be stored. */
export function batchStatements(): Statement[] {
  const parts = [insertAllNew([]), insertArchived([]), ...views.map((view) => view.upsert([])), ledgerPart([])];
  return parts.map(({ name, sql, with: reads = {}, values }) => {
    const withs = Object.entries(reads).map(([read, text]) => `${read} AS (${text})`);
    return { name: `no-${name}`, text: withs.length > 0 ? `WITH ${withs.join(', ')} ${sql}` : sql, values };
  });
}

/** Of two copies, the one that says where it comes from. Returns what is settled by that. */
function setAside(tx: Tx, poison: readonly Poison[]): Promise<string[]> {
  const letters = new Map<string, Poison>();
  for (const letter of poison) if (letter.counted || !letters.has(letter.id)) letters.set(letter.id, letter);
  return insertDeadLetters(tx, [...letters.values()]);
}
