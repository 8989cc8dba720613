import { type Pool, type Tx, withRolledBackTransaction } from '@tallyline/chassis/postgres';
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

/** What a redrive of this letter would do with today's code: done in earnest, in a transaction that is rolled back. */
export async function tryLetter(pool: Pool, letter: Letter): Promise<Trial> {
  const { body, properties } = redriven(letter);
  const { messageId, appId } = properties;
  const decoded = decode({ queue: letter.queue, body, messageId, appId, traceparent: undefined });
  if (decoded.kind === 'poison') return { kind: 'would-come-back', reason: decoded.reason };
  try {
    return await withRolledBackTransaction(pool, 'try a dead letter', (tx) => apply(tx, decoded));
  } catch (error) {
    if (!isEventAtFault(error)) throw error;
    await requireTableTakes(pool, decoded.event.eventType);
    return { kind: 'would-come-back', reason: refusalOf(error) };
  }
}

async function apply(tx: Tx, event: DecodedEvent): Promise<Trial> {
  // Tables are locked in the order in which a batch's one statement names them: the last one first. But the inbox before all,
  // as those do who set aside (lockInbox) or rebuild.
  await announceApplying(tx);
  await noteChanges(tx, [...viewTables].reverse());
  const { applied } = await applyInTransaction(tx, { events: [event], poison: [], watermarks: [] });
  return applied.length === 0 ? { kind: 'already-applied' } : { kind: 'would-apply', changes: await readChanges(tx) };
}
