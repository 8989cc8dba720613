import { type Pool, type Tx, withTransaction } from '@tallyline/chassis/postgres';
import type { Watermark } from '@tallyline/contracts/watermark';
import { insertArchived } from '../archive/archive.sql.js';
import { fold, views } from '../projections/index.js';
import { FoldedDeltas } from '../projections/projection.js';
import type { DecodedEvent, Poison } from './decode.js';
import { deleteDeadLetters, insertDeadLetters, insertNewEvents } from './inbox.sql.js';
import { addSettled, type SettledSecond, storeWatermark } from './ledger.sql.js';

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

/** One transaction: what is new goes into the inbox, the views, the archive and the ledger together, or not at all. */
export function applyBatch(pool: Pool, batch: Batch): Promise<Applied> {
  return withTransaction(pool, 'apply batch', (tx) => applyInTransaction(tx, batch));
}

export async function applyInTransaction(tx: Tx, { events, poison, watermarks }: Batch): Promise<Applied> {
  const byId = new Map(events.map((event) => [event.id, event]));
  const newIds = byId.size > 0 ? await insertNewEvents(tx, [...byId.keys()]) : new Set<string>();
  const applied = [...byId.values()].filter(({ id }) => newIds.has(id));

  const folded = new FoldedDeltas();
  for (const { event } of applied) fold(event, folded);
  // Sent together, run in this order by the database: each view once, then the archive and the ledger.
  const upserts = views.map((view) => {
    const deltas = folded.of(view);
    return deltas.length > 0 ? view.upsert(tx, deltas) : undefined;
  });
  const archived = applied.length > 0 ? insertArchived(tx, applied) : undefined;
  const redriven = newIds.size > 0 ? deleteDeadLetters(tx, [...newIds]) : new Set<string>();
  const aside = poison.length > 0 ? setAside(tx, poison) : new Set<string>();
  const [redrivenIds, asideIds] = await Promise.all([redriven, aside, archived, ...upserts]);

  const settled = new Seconds();
  for (const { id, counted } of applied) if (counted && !redrivenIds.has(id)) settled.add(timeOfUuid(id));
  const countedAside = new Set(poison.filter(({ id, counted }) => counted && asideIds.has(id)).map(({ id }) => id));
  for (const id of countedAside) settled.add(timeOfUuid(id));
  await addSettled(tx, settled.list());
  for (const watermark of watermarks) await storeWatermark(tx, watermark);
  return { applied, duplicates: events.length - applied.length };
}

async function setAside(tx: Tx, poison: Batch['poison']): Promise<Set<string>> {
  const letters = new Map(poison.map((letter) => [letter.id, { ...letter, eventId: letter.id }]));
  return insertDeadLetters(tx, [...letters.values()]);
}

/**
 * The milliseconds that the write side put into a UUIDv7: when the event was committed, which is what the watermark
 * counts by. The body's time is the order's own, which may be long ago for an imported one.
 */
function timeOfUuid(id: string): string {
  return new Date(Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16)).toISOString();
}

class Seconds {
  readonly #seconds = new Map<string, SettledSecond>();

  add(instant: string): void {
    const at = new Date(instant);
    const lastAt = at.toISOString();
    at.setUTCMilliseconds(0);
    const second = at.toISOString();
    const row = this.#seconds.get(second) ?? { second, settled: 0, lastAt };
    row.settled += 1;
    if (lastAt > row.lastAt) row.lastAt = lastAt;
    this.#seconds.set(second, row);
  }

  list(): readonly SettledSecond[] {
    return [...this.#seconds.values()];
  }
}
