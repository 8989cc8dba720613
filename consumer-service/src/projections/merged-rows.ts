import type { AnyEvent } from '@tallyline/contracts/events';
import type { Row } from './merge-rules.js';
import type { View } from './view.js';

/**
 * Returns the rows that events contribute to a view, merged so that each key has one row: an upsert of 100 events costs
 * little more than that of one. They are sorted by key, so that two consumers lock the same rows in the same order.
 */
export function mergedRows(view: View, events: readonly AnyEvent[]): readonly Row[] {
  const keys = Object.keys(view.key);
  const columns = Object.entries(view.columns);
  const byKey = new Map<string | number, Row>();
  for (const event of events) {
    const fold = view.folds[event.eventType] as ((event: AnyEvent) => readonly Row[]) | undefined;
    for (const row of fold?.(event) ?? []) {
      const key = keyOf(row, keys);
      const before = byKey.get(key) as Record<string, unknown> | undefined;
      // A fold returns new objects, so the first row of a key may be changed.
      if (before === undefined) byKey.set(key, row);
      else for (const [name, column] of columns) before[name] = column.merge(before, row, name);
    }
  }
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, row]) => row);
}

/** No text in an event holds a NUL, so two keys never join into one. */
function keyOf(row: Row, names: readonly string[]): string | number {
  const [first] = names;
  return names.length === 1 ? (row[first as string] as string | number) : names.map((name) => row[name]).join('\0');
}
