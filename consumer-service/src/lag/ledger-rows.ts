import { timeOfUuid } from '@tallyline/chassis/process/uuid-v7';
import type { Watermark } from '@tallyline/contracts/watermark';

/** The numbers that a batch adds to one second of the ledger. Times are RFC 3339. */
export interface LedgerRow {
  /** Start of the second, by the write side's clock. */
  readonly second: string;
  /** Events that the batch accounts for, and the time of the last one. */
  readonly accounted: number;
  readonly lastAt: string | null;
  /** Events that watermarks report as committed, and the time of the first one. */
  readonly committed: number;
  readonly firstAt: string | null;
}

/**
 * Counts the events that a batch accounts for by the second of their commit, which is in their ids, and joins them with the
 * counts of watermarks. The time in an event's body does not matter here: an imported order has an older one. Rows are sorted.
 */
export function ledgerRows(eventIds: readonly string[], watermarks: readonly Watermark[]): readonly LedgerRow[] {
  const rows = new Map<number, { accounted: number; lastMs: number; committed: number; firstMs: number }>();
  const rowOf = (secondMs: number) => {
    const row = rows.get(secondMs) ?? { accounted: 0, lastMs: -Infinity, committed: 0, firstMs: Infinity };
    rows.set(secondMs, row);
    return row;
  };
  for (const id of eventIds) {
    const atMs = timeOfUuid(id);
    const row = rowOf(Math.floor(atMs / 1000) * 1000);
    row.accounted += 1;
    row.lastMs = Math.max(row.lastMs, atMs);
  }
  for (const { second, committed, firstAt } of watermarks.flatMap(({ seconds }) => seconds)) {
    const row = rowOf(Date.parse(second));
    row.committed = Math.max(row.committed, committed);
    row.firstMs = Math.min(row.firstMs, Date.parse(firstAt));
  }
  return [...rows]
    .sort(([a], [b]) => a - b)
    .map(([second, { accounted, lastMs, committed, firstMs }]) => {
      return {
        second: new Date(second).toISOString(),
        accounted,
        lastAt: iso(lastMs),
        committed,
        firstAt: iso(firstMs),
      };
    });
}

function iso(ms: number): string | null {
  return Number.isFinite(ms) ? new Date(ms).toISOString() : null;
}
