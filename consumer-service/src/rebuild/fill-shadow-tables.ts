import type { Progress } from '@tallyline/chassis/command-line/progress';
import { combineWrites } from '@tallyline/chassis/postgres/one-round-trip';
import { type Pool, type Queryable, withTransaction } from '@tallyline/chassis/postgres/pool';
import { decode } from '../inbox/decode.js';
import { insertNewEvents } from '../inbox/inbox.sql.js';
import { addToViews } from '../projections/index.js';
import type { View } from '../projections/view.js';
import {
  type ArchivedEvent,
  archivedEvents,
  countArchived,
  findNotFolded,
  readArchived,
} from './archived-events.sql.js';

/** `received_at` is when a consumer's transaction began. Such a transaction takes seconds, so an hour is ample. */
const LONGEST_TRANSACTION_MS = 3_600_000;
/** Events per transaction, the same as the consumer's largest batch. */
const BATCH_SIZE = 500;
/** Large orders come in smaller transactions, which keeps the memory of the process below 200 MB. */
const MAX_BATCH_CHARACTERS = 1_000_000;
/** Ids that one search for new events returns at most. */
const SEARCH_SIZE = 20_000;
/** When so few events are missing, the consumers can be stopped while the rest is folded, which takes some 100 ms. */
const FEW_EVENTS = 2_000;
const MAX_PASSES = 10;
/** One unreadable event already keeps a rebuild from swapping. After so many it stops, because their list has to be kept. */
const MAX_UNREADABLE = 1_000;

export interface Unreadable {
  readonly id: string;
  readonly reason: string;
}

export interface FillOptions {
  readonly db: Queryable;
  readonly shadow: Pool;
  readonly progress: Progress;
  /** The views that are filled. */
  readonly views: readonly View[];
}

/** Fills the shadow tables with the whole archive, then with new events, until few of those are missing. */
export async function fillShadowTables(options: FillOptions): Promise<ShadowFilling> {
  const { db, progress } = options;
  const { count, now } = await countArchived(db);
  const filling = new ShadowFilling(options, new Date(now.getTime() - LONGEST_TRANSACTION_MS));
  progress.part('folding the archive', count);
  for await (const batch of archivedEvents(db, BATCH_SIZE)) await filling.fold(batch);
  let folded = Number.POSITIVE_INFINITY;
  for (let pass = 0; pass < MAX_PASSES && folded > FEW_EVENTS; pass += 1) folded = await filling.catchUp();
  return filling;
}

/** Counts what was folded into the shadow tables, and finds what is still missing there. */
export class ShadowFilling {
  readonly #options: FillOptions;
  /** Every event that the pass through the archive missed arrived after this time. */
  readonly #since: Date;
  readonly #unreadable = new Map<string, Unreadable>();
  #events = 0;

  constructor(options: FillOptions, since: Date) {
    this.#options = options;
    this.#since = since;
  }

  get events(): number {
    return this.#events;
  }

  get unreadable(): Unreadable[] {
    return [...this.#unreadable.values()];
  }

  async fold(batch: readonly ArchivedEvent[]): Promise<void> {
    const { shadow, progress, views } = this.#options;
    for (const events of splitBySize(batch))
      for (const event of await foldIntoShadow(shadow, events, views)) this.#unreadable.set(event.id, event);
    this.#refuseMany();
    this.#events += batch.length;
    progress.advance(batch.length);
  }

  #refuseMany(): void {
    const [first] = this.#unreadable.values();
    if (this.#unreadable.size < MAX_UNREADABLE || first === undefined) return;
    throw new Error(
      `stopped, and the live views are unchanged: this release cannot read ${this.#unreadable.size} or more events of the archive, ` +
        `such as ${first.id} (${first.reason}). If a newer release wrote them, run the rebuild of that release`,
    );
  }

  /** Folds the events that arrived meanwhile, and returns how many there were. */
  async catchUp(): Promise<number> {
    const { db, progress } = this.#options;
    const before = this.#events;
    for (let found = SEARCH_SIZE; found === SEARCH_SIZE; ) {
      const ids = await findNotFolded(db, this.#since, [...this.#unreadable.keys()], SEARCH_SIZE);
      progress.part('catching up', ids.length);
      for (let first = 0; first < ids.length; first += BATCH_SIZE)
        await this.fold(await readArchived(db, this.#since, ids.slice(first, first + BATCH_SIZE)));
      found = ids.length;
    }
    return this.#events - before;
  }
}

/** Splits a batch where its bodies reach MAX_BATCH_CHARACTERS. */
function* splitBySize(events: readonly ArchivedEvent[]): Generator<ArchivedEvent[]> {
  let batch: ArchivedEvent[] = [];
  let characters = 0;
  for (const event of events) {
    batch.push(event);
    characters += event.body.length;
    if (characters < MAX_BATCH_CHARACTERS) continue;
    yield batch;
    batch = [];
    characters = 0;
  }
  if (batch.length > 0) yield batch;
}

/**
 * Applies archived events to the shadow tables with today's schemas and projections. The shadow tables include an inbox, so
 * an event that is in the archive twice (after a restore and a replay) counts once. Returns the events that today's code
 * cannot read.
 */
async function foldIntoShadow(
  shadow: Pool,
  batch: readonly ArchivedEvent[],
  views: readonly View[],
): Promise<Unreadable[]> {
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
  const ids = events.map(({ id }) => id);
  await withTransaction(shadow, 'fold archived events', async (tx) => {
    const newIds = await insertNewEvents(tx, ids);
    const newEvents = events.flatMap(({ id, event }) => (newIds.has(id) ? [event] : []));
    tx.commitBehind(combineWrites('fold-archived', addToViews(newEvents, views)));
  });
  return unreadable;
}
