import type { WriteStatement } from '@tallyline/chassis/postgres/one-round-trip';
import type { EventOf, EventType } from '@tallyline/contracts/events';

/** What names a row of a view: one value, or several where the table's key has several columns. */
export type Key = string | number | readonly (string | number)[];

/** A view table, and how deltas of many of its rows are added to it in one statement. */
export interface View<Delta, K extends Key = Key> {
  readonly table: string;
  /** Tables that its statement writes, too. */
  readonly besides?: readonly string[];
  /** The delta that changes nothing, for a row that a batch touches for the first time. */
  zero(key: K): Delta;
  /** What adds the deltas, whose keys come sorted: two consumers then lock the same rows in the same order. */
  upsert(deltas: readonly Delta[]): WriteStatement;
}

/** What one type of event does to one view. Events arrive in any order and once each, so deltas must commute. */
export interface Projection<T extends EventType> {
  readonly type: T;
  readonly view: View<unknown>;
  fold(event: EventOf<T>, folded: FoldedDeltas): void;
}

export function projection<T extends EventType, Delta, K extends Key>(
  type: T,
  view: View<Delta, K>,
  fold: (event: EventOf<T>, deltaOf: (key: K) => Delta) => void,
): Projection<T> {
  return {
    type,
    view: view as View<unknown>,
    fold: (event, folded) => fold(event, (key) => folded.deltaOf(view, key)),
  };
}

/** The deltas of one batch, one per touched row of each view: 100 events in one upsert cost what one event costs. */
export class FoldedDeltas {
  readonly #byView = new Map<View<unknown>, Map<string | number, unknown>>();

  deltaOf<Delta, K extends Key>(view: View<Delta, K>, key: K): Delta {
    let rows = this.#byView.get(view as View<unknown>);
    if (rows === undefined) {
      rows = new Map();
      this.#byView.set(view as View<unknown>, rows);
    }
    const identity = identityOf(key);
    let delta = rows.get(identity);
    if (delta === undefined) {
      delta = view.zero(key);
      rows.set(identity, delta);
    }
    return delta as Delta;
  }

  /** Sorted by key, or nothing when the batch did not touch the view. */
  of(view: View<unknown>): readonly unknown[] {
    const rows = this.#byView.get(view);
    if (rows === undefined) return [];
    return [...rows].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, delta]) => delta);
  }
}

/** No text in an event holds a NUL, so two keys never join into one. */
function identityOf(key: Key): string | number {
  return typeof key === 'object' ? key.join('\0') : key;
}
