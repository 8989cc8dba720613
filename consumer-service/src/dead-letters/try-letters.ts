import { type Pool, type Tx, withRolledBackTransaction } from '@tallyline/chassis/postgres/pool';
import { applyInTransaction } from '../inbox/apply-batch.js';
import { type DecodedEvent, decode } from '../inbox/decode.js';
import { announceApplying } from '../inbox/inbox.sql.js';
import { isEventAtFault, refusalOf } from '../inbox/refusal.js';
import { requireTableTakes } from '../inbox/table-fault.js';
import { viewTables } from '../projections/index.js';
import { type ChangedRow, noteChanges, readChanges } from './dead-letters.sql.js';
import { type Letter, redriven } from './letter.js';

export type Trial =
  | { readonly kind: 'would-apply'; readonly changes: readonly ChangedRow[] }
  | { readonly kind: 'already-applied' }
  | { readonly kind: 'would-come-back'; readonly reason: string };

/** The views are locked while a transaction tries letters, so there are few in each: some 50 ms. */
const MOST_TOGETHER = 25;

/** What a redrive of each of these letters would do with today's code: done in earnest, and rolled back before the next one. */
export async function tryLetters(pool: Pool, letters: readonly Letter[]): Promise<Trial[]> {
  const decoded = letters.map((letter) => {
    const { body, properties } = redriven(letter);
    const { messageId, appId } = properties;
    return decode({ queue: letter.queue, body, messageId, appId, traceparent: undefined });
  });
  const events = decoded.flatMap((one) => (one.kind === 'event' ? one : []));
  const trials = new Map<DecodedEvent, Trial>();
  for (let first = 0; first < events.length; first += MOST_TOGETHER) {
    const some = events.slice(first, first + MOST_TOGETHER);
    const refused = await withRolledBackTransaction(pool, 'try dead letters', (tx) => tryAll(tx, some, trials));
    for (const type of new Set(refused.map(({ event }) => event.eventType))) await requireTableTakes(pool, type);
  }
  return decoded.map((one) =>
    one.kind === 'event' ? (trials.get(one) as Trial) : { kind: 'would-come-back', reason: one.reason },
  );
}

/** Adds what became of each to `trials`, and returns those that the database refused. */
async function tryAll(
  tx: Tx,
  events: readonly DecodedEvent[],
  trials: Map<DecodedEvent, Trial>,
): Promise<DecodedEvent[]> {
  // Tables are locked in the order in which a batch's one statement names them: the last one first. But the inbox before all,
  // as those do who set aside (lockInbox) or rebuild.
  await announceApplying(tx);
  await noteChanges(tx, [...viewTables].reverse());
  const refused: DecodedEvent[] = [];
  for (const event of events) {
    try {
      trials.set(event, await tx.undone(() => apply(tx, event)));
    } catch (error) {
      if (!isEventAtFault(error)) throw error;
      refused.push(event);
      trials.set(event, { kind: 'would-come-back', reason: refusalOf(error) });
    }
  }
  return refused;
}

async function apply(tx: Tx, event: DecodedEvent): Promise<Trial> {
  const { applied } = await applyInTransaction(tx, { events: [event], poison: [], watermarks: [] });
  return applied.length === 0 ? { kind: 'already-applied' } : { kind: 'would-apply', changes: await readChanges(tx) };
}
