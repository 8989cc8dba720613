/** What a figure must reach. `atLeast` for speeds, `atMost` for times and sizes. */
export type Goal = { readonly atLeast: number } | { readonly atMost: number };

export interface Pair {
  readonly ours: number;
  readonly reference: number;
  readonly ratio: number;
}

/** One row of the table: ours against its reference, measured in turn. */
export interface Figure {
  readonly name: string;
  /** Of the absolute numbers, which are information only. */
  readonly unit: string;
  readonly reference: string;
  readonly goal: Goal;
  /** Absent where there is nothing to divide by, as for memory. */
  readonly pairs: readonly Pair[];
  /** Median of the pairs' ratios, or the measured value itself. */
  readonly value: number;
  readonly spread: readonly [least: number, greatest: number];
  readonly met: boolean;
}

interface Described {
  readonly name: string;
  readonly unit: string;
  readonly reference: string;
  readonly goal: Goal;
}

export function goalOf(goal: Goal): number {
  return 'atLeast' in goal ? goal.atLeast : goal.atMost;
}

export function figureOfPairs(described: Described, measured: readonly Omit<Pair, 'ratio'>[]): Figure {
  const pairs = measured.map(({ ours, reference }) => ({ ours, reference, ratio: ours / reference }));
  const ratios = pairs.map(({ ratio }) => ratio);
  return { ...described, pairs, ...judged(described.goal, median(ratios), ratios) };
}

export function figureOfValue(described: Described, value: number): Figure {
  return { ...described, pairs: [], ...judged(described.goal, value, [value]) };
}

function judged(goal: Goal, value: number, all: readonly number[]): Pick<Figure, 'value' | 'spread' | 'met'> {
  const met = 'atLeast' in goal ? value >= goal.atLeast : value <= goal.atMost;
  return { value, spread: [Math.min(...all), Math.max(...all)], met };
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value below which the given share lies, interpolated. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const place = (sorted.length - 1) * share;
  const below = sorted[Math.floor(place)] ?? Number.NaN;
  const above = sorted[Math.ceil(place)] ?? Number.NaN;
  return below + (above - below) * (place - Math.floor(place));
}
