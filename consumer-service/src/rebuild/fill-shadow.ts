import type { Progress } from '@tallyline/chassis/command-line/progress';
import type { Pool, Queryable } from '@tallyline/chassis/postgres/pool';
import { type ArchivedEvent, archivedEvents, countArchived, findRest, readRest } from './archived.sql.js';
import { FOLD_SIZE, foldArchived, inFolds, type Unreadable } from './fold-archived.js';

/** A consumer's transaction lasts seconds; its events bear the time of its begin. */
const LONGEST_TRANSACTION_MS = 3_600_000;
/** Each look passes over the events of the last hour, and notes so many ids. */
const REST_SIZE = 20_000;
/** Consumers are stopped for the last rest alone: 2,000 events are folded in 100 ms. */
const SMALL_REST = 2_000;
const MAX_PASSES = 10;

export interface FillOptions {
  readonly db: Queryable;
  readonly shadow: Pool;
  readonly progress: Progress;
}

/** Fills the shadow views with the whole archive, and with what arrives meanwhile until that is little. */
export async function fillShadow(options: FillOptions): Promise<Filling> {
  const { db, progress } = options;
  const { count, now } = await countArchived(db);
  const filling = new Filling(options, new Date(now.getTime() - LONGEST_TRANSACTION_MS));
  progress.part('building the views anew', count);
  for await (const batch of archivedEvents(db, FOLD_SIZE)) await filling.fold(batch);
  let rest = Number.POSITIVE_INFINITY;
  for (let pass = 0; pass < MAX_PASSES && rest > SMALL_REST; pass += 1) rest = await filling.catchUp();
  return filling;
}

/** What the shadow views were filled with so far. */
export class Filling {
  readonly #options: FillOptions;
  /** Whatever the way through the archive has missed arrived after it. */
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
    const { shadow, progress } = this.#options;
    for (const part of inFolds(batch))
      for (const event of await foldArchived(shadow, part)) this.#unreadable.set(event.id, event);
    this.#events += batch.length;
    progress.advance(batch.length);
  }

  /** Folds what came meanwhile, and returns how much that was. */
  async catchUp(): Promise<number> {
    const { db, progress } = this.#options;
    const before = this.#events;
    for (let found = REST_SIZE; found === REST_SIZE; ) {
      const rest = await findRest(db, this.#since, [...this.#unreadable.keys()], REST_SIZE);
      progress.part('catching up', rest.length);
      for (let first = 0; first < rest.length; first += FOLD_SIZE)
        await this.fold(await readRest(db, this.#since, rest.slice(first, first + FOLD_SIZE)));
      found = rest.length;
    }
    return this.#events - before;
  }
}
