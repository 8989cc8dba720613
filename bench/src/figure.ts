/** One measurement of both sides, made one after the other. */
export interface Pair {
  readonly ours: number;
  readonly reference: number;
  readonly ratio: number;
}

/** The value that a figure must reach: `atLeast` for speeds, `atMost` for times and sizes. */
export type Goal = { readonly atLeast: number } | { readonly atMost: number };

export interface Description {
  readonly name: string;
  /** The unit of the absolute numbers, which are for information only. */
  readonly unit: string;
  readonly reference: string;
  /** A figure without a goal is for information only. */
  readonly goal?: Goal | undefined;
}

/** One row of the table: our result, compared with the reference where there is one. */
export interface Figure extends Description {
  /** Empty where there is no reference, as for memory. */
  readonly pairs: readonly Pair[];
  /** The median of the pairs' ratios, or the measured value itself. */
  readonly value: number;
}

export function figureOfPairs(description: Description, measured: readonly Omit<Pair, 'ratio'>[]): Figure {
  const pairs = measured.map(({ ours, reference }) => ({ ours, reference, ratio: ours / reference }));
  return { ...description, pairs, value: median(pairs.map(({ ratio }) => ratio)) };
}

export function figureOfValue(description: Description, value: number): Figure {
  return { ...description, pairs: [], value };
}

/**
 * `met` and `missed` mean that the whole interval of the figure lies on that side of its goal. A figure whose interval
 * contains the goal is `undecided`: the spread of its pairs is too wide to say.
 */
export type Verdict = 'met' | 'missed' | 'undecided';

export function verdictOf(figure: Figure): Verdict | undefined {
  const { goal } = figure;
  if (goal === undefined) return undefined;
  const [low, high] = intervalOf(figure);
  const [isMet, isMissed] =
    'atLeast' in goal ? [low >= goal.atLeast, high < goal.atLeast] : [high <= goal.atMost, low > goal.atMost];
  return isMet ? 'met' : isMissed ? 'missed' : 'undecided';
}

/** The interval in which the true median lies. A value that was measured once is its own interval. */
export function intervalOf({ pairs, value }: Figure): readonly [low: number, high: number] {
  return pairs.length === 0 ? [value, value] : medianInterval(pairs.map(({ ratio }) => ratio));
}

/** The confidence that the interval must have at least. Five pairs cannot give more. */
const CONFIDENCE = 0.9375;

/**
 * The confidence interval of the median from the order statistics, which holds for any distribution: from the k-th
 * smallest to the k-th largest value, with the largest k that gives the confidence. Five values give the smallest to the
 * largest (93.75 %), ten the second smallest to the second largest (97.9 %). Fewer than five reach no such confidence
 * and give the smallest to the largest.
 */
export function medianInterval(values: readonly number[]): readonly [low: number, high: number] {
  const sorted = [...values].sort((a, b) => a - b);
  const count = sorted.length;
  // The probability that exactly `below` values lie below the median, and that at most so many do.
  let exactly = 0.5 ** count;
  let atMost = exactly;
  let below = 0;
  for (;;) {
    exactly *= (count - below) / (below + 1);
    if (2 * (atMost + exactly) > 1 - CONFIDENCE) break;
    atMost += exactly;
    below += 1;
  }
  return [sorted[below] ?? Number.NaN, sorted[count - 1 - below] ?? Number.NaN];
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value below which the given share of the values lies, interpolated. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const place = (sorted.length - 1) * share;
  const below = sorted[Math.floor(place)] ?? Number.NaN;
  const above = sorted[Math.ceil(place)] ?? Number.NaN;
  return below + (above - below) * (place - Math.floor(place));
}
