import { classify } from '@tallyline/chassis/postgres/errors';
import { onPool, type Pool } from '@tallyline/chassis/postgres/pool';
import { createArchiveMonths } from '../archive/archive.sql.js';
import { isMissingMonth } from '../archive/archive-months.js';
import { type Applied, applyBatch, type Batch } from './apply-batch.js';
import type { DecodedEvent, Poison } from './decode.js';
import { isEventAtFault, refusalOf } from './refusal.js';
import { requireTableTakes } from './table-fault.js';

export interface Isolated extends Applied {
  readonly poison: readonly Poison[];
}

const MAX_RETRIES = 5;

/**
 * Applies a batch. When the database refuses it, halves it until the refused events stand alone (18 transactions for 1 in
 * 500, not 500) and sets only those aside. A database that is away, lacks a table, or refuses events that nothing is wrong
 * with is never taken for poison: that error is thrown.
 */
export async function applyIsolating(pool: Pool, batch: Batch): Promise<Isolated> {
  try {
    return { ...(await applyRetrying(pool, batch)), poison: batch.poison };
  } catch (error) {
    if (!isEventAtFault(error)) throw error;
    const { events } = batch;
    if (events.length === 0) throw error;
    const [only] = events;
    if (only !== undefined && events.length === 1) {
      await requireTableTakes(pool, only.event.eventType);
      return applyIsolating(pool, { ...batch, events: [], poison: [...batch.poison, ...refused(events, error)] });
    }
    const middle = Math.ceil(events.length / 2);
    const first = await applyIsolating(pool, { ...batch, events: events.slice(0, middle) });
    const second = await applyIsolating(pool, { events: events.slice(middle), poison: [], watermarks: [] });
    return {
      applied: [...first.applied, ...second.applied],
      duplicates: first.duplicates + second.duplicates,
      poison: [...first.poison, ...second.poison],
    };
  }
}

async function applyRetrying(pool: Pool, batch: Batch): Promise<Applied> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await applyBatch(pool, batch);
    } catch (error) {
      if (attempt === MAX_RETRIES) throw error;
      if (isMissingMonth(error)) await createArchiveMonths(onPool(pool));
      else if (classify(error) !== 'contention') throw error;
    }
  }
}

function refused(events: readonly DecodedEvent[], error: unknown): readonly Poison[] {
  const reason = refusalOf(error);
  return events.map(({ id, counted, queue, source }) => ({ kind: 'poison', id, reason, counted, queue, source }));
}
