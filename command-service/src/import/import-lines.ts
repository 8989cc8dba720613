import type { Pool } from '@tallyline/chassis/postgres';
import { TransactionError } from '@tallyline/chassis/postgres-errors';
import { traceparentOf } from '@tallyline/chassis/trace-context';
import { importOrders } from './import-orders.js';
import type { OrderLine } from './order-lines.js';

/** Large enough to share a commit, small enough not to keep customers of now waiting for a product: 20 ms. */
export const GROUP_SIZE = 200;

/** What became of the lines so far. */
export interface Imported {
  readonly imported: number;
  readonly refused: number;
  readonly upToLine: number;
}

export interface ImportListener {
  /** `nth`: of the refused lines, from 1. */
  onRefused(line: OrderLine, reason: string, nth: number): void;
  /** After each group. */
  onStored(soFar: Imported): void;
}

/** Stores orders of the past group by group. Whatever ends it early, its error says where to go on. */
export async function importLines(
  pool: Pool,
  lines: AsyncIterable<OrderLine>,
  { onRefused, onStored }: ImportListener,
): Promise<void> {
  const traceparent = traceparentOf(undefined);
  const soFar = { imported: 0, refused: 0, upToLine: 0 };
  let group: readonly OrderLine[] = [];
  try {
    for await (group of inGroups(lines)) {
      const orders = group.map(({ order }) => order);
      const refusals = await importOrders(pool, orders, traceparent);
      for (const { index, reason } of refusals) {
        soFar.refused += 1;
        onRefused(group[index] as OrderLine, reason, soFar.refused);
      }
      soFar.imported += group.length - refusals.length;
      soFar.upToLine = group.at(-1)?.number ?? soFar.upToLine;
      onStored(soFar);
    }
  } catch (error) {
    throw whereItStopped(error, soFar.upToLine, group);
  }
}

async function* inGroups(lines: AsyncIterable<OrderLine>): AsyncGenerator<OrderLine[]> {
  let group: OrderLine[] = [];
  for await (const line of lines) {
    group.push(line);
    if (group.length < GROUP_SIZE) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}

/** So that nobody stores a line twice, or leaves one out. */
function whereItStopped(error: unknown, storedUpTo: number, group: readonly OrderLine[]): Error {
  const reason = error instanceof Error ? error.message : String(error);
  const last = group.at(-1)?.number;
  const isUnknown = error instanceof TransactionError && error.outcomeUnknown;
  const unknown = `Nobody can know whether lines ${storedUpTo + 1} to ${last} are stored: look for their last order. `;
  const stored = storedUpTo === 0 ? 'No line is stored' : `Lines 1 to ${storedUpTo} are done`;
  const next = `${stored}; go on with line ${storedUpTo + 1}: tail -n +${storedUpTo + 1}`;
  return new Error(`${reason}\n${isUnknown ? unknown : ''}${next}`, { cause: error });
}
