import { onPool } from '@tallyline/chassis/postgres/pool';
import { type Loop, startLoop } from '@tallyline/chassis/process/loop';
import { type EventDeclaration, newestVersionOf } from '@tallyline/contracts/event-versions';
import { events } from '@tallyline/contracts/events';
import { applyDeliveries, type Dependencies } from '../inbox/apply-deliveries.js';
import { deliveryOf } from '../inbox/delivery.js';
import { messageOf } from './parked-event.js';
import { deleteParkedDeadLetters, type Place, readKnown } from './parked-events.sql.js';

/**
 * A consumer parks an event of the outbox that is newer than itself: the event's row in `parked_events` has the whole message,
 * the ledger has counted the event, and the message is acknowledged. This loop of every consumer applies the parked events
 * that it knows, as if they were delivered again:
 *
 *   delivered, newer than the consumer ──▶ parked ──▶ applied (the row is deleted in the transaction that applies the event)
 *                                            │
 *                                            └──▶ dead letter (the row is deleted when the dead-letter queue has the message)
 *
 * Several consumers may run this at the same time, because the inbox applies each event once. `SKIP LOCKED` only keeps a read from
 * waiting for rows that a transaction is applying at that moment: two consumers may read the same page and apply it one after the
 * other. A consumer that does not know an event does not read it.
 */
const INTERVAL_MS = 10_000;
/** Below every version and id. */
const BEGIN: Place = { version: 0, id: '00000000-0000-0000-0000-000000000000' };

export function startParkedEvents(dependencies: Dependencies): Loop {
  const { runOnce } = createParkedEvents(dependencies);
  return startLoop('parked events', dependencies.log, { idleMs: INTERVAL_MS, turn: runOnce });
}

/**
 * Each turn applies one page of one event type. When a type fails, its pages wait for the next look, and the other types go on.
 * The last turn of a look throws what has failed.
 */
export function createParkedEvents(dependencies: Dependencies) {
  const { pool, log } = dependencies;
  const db = onPool(pool);
  const types = Object.entries<EventDeclaration>(events).map(([type, declaration]) => {
    return { type, newest: newestVersionOf(declaration) };
  });
  let next = 0;
  let after = BEGIN;
  let failures: unknown[] = [];

  const runOnce = async (): Promise<'busy' | 'idle'> => {
    for (; ; next += 1, after = BEGIN) {
      const known = types[next];
      if (known === undefined) return endLook();
      try {
        if ((await applyPage(known.type, known.newest)) > 0) return 'busy';
      } catch (error) {
        failures.push(error);
      }
    }
  };

  const endLook = (): 'idle' => {
    const [failure] = failures;
    next = 0;
    failures = [];
    if (failure !== undefined) throw failure;
    return 'idle';
  };

  const applyPage = async (type: string, newest: number): Promise<number> => {
    const rows = await readKnown(db, type, newest, after);
    const last = rows.at(-1);
    if (last === undefined) return 0;
    const messages = rows.map((row) => ({ row, message: messageOf(row) }));
    const deliveries = messages.map(({ row, message }) => deliveryOf(row.queue, message));
    const { stored } = await applyDeliveries(dependencies, deliveries);
    // Only these messages are deleted, never one whose copy became a dead letter. Those that no dead-letter queue takes stay.
    const moved = messages.flatMap(({ row, message }) => (stored.has(message) ? row.id : []));
    if (moved.length > 0) await deleteParkedDeadLetters(db, moved);
    after = last;
    log.info({ eventType: type, events: rows.length }, 'parked events that this release knows were read again');
    return rows.length;
  };

  return { runOnce };
}
