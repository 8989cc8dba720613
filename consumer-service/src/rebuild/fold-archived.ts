import { combineWrites } from '@tallyline/chassis/postgres/one-round-trip';
import { type Pool, withTransaction } from '@tallyline/chassis/postgres/pool';
import { decode } from '../inbox/decode.js';
import { insertNewEvents } from '../inbox/inbox.sql.js';
import { addToViews } from '../projections/index.js';
import type { ArchivedEvent } from './archived.sql.js';

/** The consumer's own batch size: 500 events in one folded transaction. */
export const FOLD_SIZE = 500;

/** Orders of 100 lines are folded by the hundred: of 500 the process grows by 200 MB. */
const MAX_CHARACTERS = 1_000_000;

/** Batches of at most about so many characters. */
export function* inFolds(events: readonly ArchivedEvent[]): Generator<ArchivedEvent[]> {
  let fold: ArchivedEvent[] = [];
  let characters = 0;
  for (const event of events) {
    fold.push(event);
    characters += event.body.length;
    if (characters < MAX_CHARACTERS) continue;
    yield fold;
    fold = [];
    characters = 0;
  }
  if (fold.length > 0) yield fold;
}

export interface Unreadable {
  readonly id: string;
  readonly reason: string;
}

/**
 * Adds archived events to the shadow views with today's schemas and projections, through the shadow's own inbox: however
 * often an event is in the archive (twice after a restore and a replay), it counts once. Returns those that today's code
 * cannot read.
 */
export async function foldArchived(shadow: Pool, batch: readonly ArchivedEvent[]): Promise<Unreadable[]> {
  const unreadable: Unreadable[] = [];
  const unique = new Map(batch.map((archived) => [archived.id, archived]));
  const events = [...unique.values()].flatMap(({ id, queue, appId, body }) => {
    const raw = { queue, body: Buffer.from(body), messageId: id, appId: appId ?? undefined, traceparent: undefined };
    const decoded = decode(raw);
    if (decoded.kind === 'event') return [decoded];
    unreadable.push({ id, reason: decoded.reason });
    return [];
  });
  if (events.length === 0) return unreadable;
  await withTransaction(shadow, 'fold archived events', async (tx) => {
    const newIds = await insertNewEvents(
      tx,
      events.map(({ id }) => id),
    );
    const isNew = events.filter(({ id }) => newIds.has(id));
    const parts = addToViews(isNew.map(({ event }) => event));
    tx.commitBehind(combineWrites('fold-archived', parts));
  });
  return unreadable;
}
