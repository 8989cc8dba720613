import { classify } from '@tallyline/chassis/postgres/errors';
import { onPool, type Pool } from '@tallyline/chassis/postgres/pool';
import { createArchiveMonths } from '../archive/archive.sql.js';
import { isMissingMonth } from '../archive/archive-months.js';
import { type Applied, applyBatch, type Batch } from './apply-batch.js';
import type { DeadLetter } from './decode.js';
import { isEventAtFault, refusalOf, requireTablesAccept } from './refusal.js';

export interface Isolated extends Applied {
  /** The dead letters of the batch, and the events that the database refused. */
  readonly deadLetters: readonly DeadLetter[];
}

const MAX_RETRIES = 5;

/**
 * Applies a batch. When the database refuses it, the batch is halved until each refused event stands alone and becomes a
 * dead letter; all others are applied. Throws when the fault is not the event's: the database is away, lacks a table, or
 * refuses valid events, too.
 */
export async function applyIsolating(pool: Pool, batch: Batch): Promise<Isolated> {
  try {
    return { ...(await applyRetrying(pool, batch)), deadLetters: batch.deadLetters };
  } catch (error) {
    const { events, deadLetters } = batch;
    const [only] = events;
    if (!isEventAtFault(error) || only === undefined) throw error;
    if (events.length === 1) {
      await requireTablesAccept(pool, only.event.eventType);
      const { id, fromOutbox, queue, source } = only;
      const refused: DeadLetter = { kind: 'dead-letter', id, reason: refusalOf(error), fromOutbox, queue, source };
      return applyIsolating(pool, { ...batch, events: [], deadLetters: [...deadLetters, refused] });
    }
    const middle = Math.ceil(events.length / 2);
    const first = await applyIsolating(pool, { ...batch, events: events.slice(0, middle) });
    const second = await applyIsolating(pool, { events: events.slice(middle), deadLetters: [], watermarks: [] });
    return {
      applied: [...first.applied, ...second.applied],
      parked: first.parked,
      duplicates: first.duplicates + second.duplicates,
      deadLetters: [...first.deadLetters, ...second.deadLetters],
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
