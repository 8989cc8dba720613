import type { Tx } from '@tallyline/chassis/postgres/pool';
import type { ParkedEvent } from './parked-event.js';
import { deleteDeadLettersOfParked, insertParked } from './parked-events.sql.js';

export interface Parked {
  readonly parked: readonly ParkedEvent[];
  /** The events of the outbox that are accounted for by this. An event that was a dead letter before is so already. */
  readonly accounted: readonly string[];
}

/**
 * Parks events within the transaction of their batch. The row of a dead letter is deleted: an earlier release could not read
 * the event either, and the event is recorded once. The caller holds the locks on the inbox and on the parked events.
 */
export async function parkEvents(tx: Tx, events: readonly ParkedEvent[]): Promise<Parked> {
  const eventOf = new Map(events.map((event) => [event.id, event]));
  if (eventOf.size === 0) return { parked: [], accounted: [] };
  const rows = await insertParked(tx, [...eventOf.values()]);
  const accountedBefore = await deleteDeadLettersOfParked(tx, [...eventOf.keys()]);
  return {
    parked: rows.flatMap(({ id }) => eventOf.get(id) ?? []),
    accounted: rows.flatMap(({ id, fromOutbox }) => (fromOutbox && !accountedBefore.has(id) ? id : [])),
  };
}
