import type { Check } from './judge.js';
import { viewPairs } from './views.js';

const SHOWN = 5;

/** Every view, row by row, to the cent. */
export const checkViews: Check = async ({ world }) => {
  const faults: string[] = [];
  for (const { view, expected, actual } of viewPairs) {
    const [wanted, found] = await Promise.all([world.write.query(expected), world.read.query(actual)]);
    const differing = differences(wanted.rows, found.rows);
    for (const line of differing.slice(0, SHOWN)) faults.push(`${view}: ${line}`);
    if (differing.length > SHOWN) faults.push(`${view}: ${differing.length - SHOWN} more rows differ`);
  }
  return faults;
};

interface Row {
  readonly key: string;
}

export function differences(wanted: readonly Row[], found: readonly Row[]): string[] {
  const byKey = new Map(found.map((row) => [row.key, JSON.stringify(row)]));
  const lines = wanted.flatMap((row) => {
    const is = byKey.get(row.key);
    byKey.delete(row.key);
    const should = JSON.stringify(row);
    return is === should ? [] : [`should be ${should}, is ${is ?? 'missing'}`];
  });
  return [...lines, ...[...byKey.values()].map((row) => `should not be there: ${row}`)];
}
