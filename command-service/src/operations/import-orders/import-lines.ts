import { TransactionError } from '@tallyline/chassis/postgres/errors';
import { traceparentOf } from '@tallyline/chassis/process/trace-context';
import type { WriteDatabase } from '../../outbox/emit.js';
import { importOrders } from './import-orders.js';
import type { InvalidLine, Line, OrderLine } from './order-lines.js';

/** Larger groups would lock products for so long that customers who order now would notice. */
export const GROUP_SIZE = 200;

/** Counts of the lines that were read so far. */
export interface Imported {
  readonly imported: number;
  readonly refused: number;
  readonly invalid: number;
  readonly upToLine: number;
}

export interface ImportListener {
  /** Called for an invalid line, which is then left out. Without this function, an invalid line stops the import. */
  onInvalid?(line: InvalidLine): void;
  /** `nth` counts the refused lines, from 1. */
  onRefused(line: OrderLine, reason: string, nth: number): void;
  /** Called after each group. */
  onStored(soFar: Imported): void;
}

/** Stores orders of the past, group by group. If the import stops early, the error names the line to resume from. */
export async function importLines(
  database: WriteDatabase,
  lines: AsyncIterable<Line>,
  { onInvalid, onRefused, onStored }: ImportListener,
): Promise<void> {
  const traceparent = traceparentOf(undefined);
  const soFar = { imported: 0, refused: 0, invalid: 0, upToLine: 0 };
  let group: readonly Line[] = [];
  try {
    for await (group of inGroups(lines, onInvalid === undefined)) {
      const orderLines = group.flatMap((line) => ('order' in line ? line : []));
      const orders = orderLines.map(({ order }) => order);
      const refusals = orders.length === 0 ? [] : await importOrders(database, orders, traceparent);
      for (const line of group) if ('fault' in line) onInvalid?.(line);
      for (const { index, reason } of refusals) {
        soFar.refused += 1;
        onRefused(orderLines[index] as OrderLine, reason, soFar.refused);
      }
      soFar.imported += orders.length - refusals.length;
      soFar.invalid += group.length - orders.length;
      soFar.upToLine = group.at(-1)?.number ?? soFar.upToLine;
      onStored(soFar);
    }
  } catch (error) {
    throw withResumeLine(error, soFar.upToLine, group);
  }
}

async function* inGroups(lines: AsyncIterable<Line>, endAtInvalid: boolean): AsyncGenerator<Line[]> {
  let group: Line[] = [];
  for await (const line of lines) {
    if (endAtInvalid && 'fault' in line) throw new Error(`line ${line.number} is not an order: ${line.fault}`);
    group.push(line);
    if (group.length < GROUP_SIZE) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}

/** Adds to the error which lines are stored, and the line to resume from. */
function withResumeLine(error: unknown, storedUpTo: number, group: readonly Line[]): Error {
  const reason = error instanceof Error ? error.message : String(error);
  const last = group.at(-1)?.number;
  const isUnknown = error instanceof TransactionError && error.outcomeUnknown;
  const unknown = `It is unknown whether lines ${storedUpTo + 1} to ${last} are stored: look for the order of the last one. `;
  const stored = storedUpTo === 0 ? 'No line is stored' : `Lines 1 to ${storedUpTo} are done`;
  const next = `${stored}; go on with line ${storedUpTo + 1}: tail -n +${storedUpTo + 1}`;
  return new Error(`${reason}\n${isUnknown ? unknown : ''}${next}`, { cause: error });
}
