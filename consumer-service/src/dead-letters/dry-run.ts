import { print, untilRead } from '@tallyline/chassis/command-line/command-line';
import { onPool, type Pool, type Tx, withRolledBackTransaction } from '@tallyline/chassis/postgres/pool';
import { createArchiveMonths } from '../archive/archive.sql.js';
import { applyInTransaction } from '../inbox/apply-batch.js';
import { type DecodedEvent, decode } from '../inbox/decode.js';
import { lockInboxToApply } from '../inbox/inbox.sql.js';
import { isEventAtFault, refusalOf, requireTablesAccept } from '../inbox/refusal.js';
import { viewTables } from '../projections/index.js';
import { type ChangedRow, readChanges, recordChanges } from './changed-rows.sql.js';
import { type DeadLetterMessage, originalMessage } from './dead-letter-message.js';
import { parkedPages } from './parked.js';
import { requireFound, type Selection, selectedPages } from './selection.js';

export type DryRunResult =
  | { readonly kind: 'would-apply'; readonly changes: readonly ChangedRow[] }
  | { readonly kind: 'already-applied' }
  | { readonly kind: 'would-be-parked'; readonly reason: string }
  | { readonly kind: 'would-come-back'; readonly reason: string };

/** A transaction tries few events, because it locks the views until it ends. */
const MAX_EVENTS = 25;

/** Carries out `redrive --dry-run`. */
export async function dryRunRedrive(selection: Selection): Promise<void> {
  const { pool } = selection;
  // The consumer creates a missing month of the archive. A dry run would report the missing month as a refusal.
  await createArchiveMonths(onPool(pool));
  let count = 0;
  const tryPage = async (page: readonly DeadLetterMessage[], isParked: boolean) => {
    const results = await dryRun(pool, page);
    for (const [index, { id, type, queue }] of page.entries()) {
      count += 1;
      print(`${id}  ${type ?? 'no type'}  of ${queue}`);
      for (const line of describe(results[index] as DryRunResult, isParked)) print(`  ${line}`);
    }
    await untilRead();
  };
  for await (const page of selectedPages(selection)) await tryPage(page, false);
  for await (const page of parkedPages(selection)) await tryPage(page, true);
  requireFound(selection, count);
  print(`${count} message(s) tried and rolled back: nothing was changed, nothing was moved.`);
}

/** Finds out what a redrive would do: it applies each message with today's code, and undoes that before the next message. */
export async function dryRun(pool: Pool, messages: readonly DeadLetterMessage[]): Promise<DryRunResult[]> {
  const decoded = messages.map((message) => {
    const { body, properties } = originalMessage(message);
    const { messageId, appId } = properties;
    return decode({ queue: message.queue, body, messageId, appId, traceparent: undefined });
  });
  const events = decoded.flatMap((one) => (one.kind === 'event' ? one : []));
  const results = new Map<DecodedEvent, DryRunResult>();
  for (let first = 0; first < events.length; first += MAX_EVENTS) {
    const some = events.slice(first, first + MAX_EVENTS);
    const refused = await withRolledBackTransaction(pool, 'try dead letters', (tx) => tryEach(tx, some, results));
    for (const type of new Set(refused.map(({ event }) => event.eventType))) await requireTablesAccept(pool, type);
  }
  return decoded.map((one) => {
    if (one.kind === 'event') return results.get(one) as DryRunResult;
    return { kind: one.kind === 'newer' ? 'would-be-parked' : 'would-come-back', reason: one.reason };
  });
}

/** Adds the result of each event to `results`, and returns the events that the database refused. */
async function tryEach(
  tx: Tx,
  events: readonly DecodedEvent[],
  results: Map<DecodedEvent, DryRunResult>,
): Promise<DecodedEvent[]> {
  // The inbox is locked first, as in a rebuild and in a batch with dead letters. The views are locked in the order in which
  // the single statement of a batch opens its tables, which is from the last to the first.
  await lockInboxToApply(tx);
  await recordChanges(tx, [...viewTables].reverse());
  const refused: DecodedEvent[] = [];
  for (const event of events) {
    try {
      results.set(event, await tx.undone(() => apply(tx, event)));
    } catch (error) {
      if (!isEventAtFault(error)) throw error;
      refused.push(event);
      results.set(event, { kind: 'would-come-back', reason: refusalOf(error) });
    }
  }
  return refused;
}

async function apply(tx: Tx, event: DecodedEvent): Promise<DryRunResult> {
  const { applied } = await applyInTransaction(tx, { events: [event], deadLetters: [], watermarks: [] });
  return applied.length === 0 ? { kind: 'already-applied' } : { kind: 'would-apply', changes: await readChanges(tx) };
}

function describe(result: DryRunResult, isParked: boolean): string[] {
  if (result.kind === 'already-applied') return ['is in the views already: nothing would change'];
  if (result.kind === 'would-be-parked')
    return [`is newer than this release: would ${isParked ? 'stay' : 'be'} parked: ${result.reason}`];
  if (result.kind === 'would-come-back')
    return [`would ${isParked ? 'become a dead letter' : 'be a dead letter again'}: ${result.reason}`];
  if (result.changes.length === 0) return ['would be applied; no row of a view would change'];
  return ['would be applied:', ...result.changes.flatMap(changeLines)];
}

function changeLines({ view, before, after }: ChangedRow): string[] {
  const shown = (sign: string, row: string | null) => (row === null ? [] : [`  ${sign} ${row}`]);
  return [view, ...shown('-', before), ...shown('+', after)];
}
