import { availableParallelism, cpus, loadavg, totalmem, type } from 'node:os';
import { type Figure, type Goal, intervalOf, median, verdictOf } from './figure.js';
import { shown } from './in-turn.js';

export interface Report {
  readonly at: string;
  readonly quick: boolean;
  readonly machine: ReturnType<typeof describeMachine>;
  readonly figures: readonly Figure[];
}

/** Ratios are comparable between machines. Absolute numbers are not, so the report names its machine. */
export function describeMachine() {
  return {
    cores: availableParallelism(),
    processor: cpus()[0]?.model ?? 'unknown',
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${process.arch}`,
    node: process.version,
    /** The load of the minute before the run: it shows whether other programs took processor time. */
    loadBefore: loadavg()[0]?.toFixed(1) ?? 'unknown',
  };
}

export const HEADINGS = ['figure', 'goal', 'measured', 'interval', 'verdict', 'ours', 'reference', 'unit'];

/** Formats the figures as a table whose columns are aligned. */
export function table(figures: readonly Figure[]): string {
  const rows = [HEADINGS, ...figures.map(rowOf)];
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

export function rowOf(figure: Figure): string[] {
  const { name, goal, pairs, value, unit } = figure;
  const absolute = (side: 'ours' | 'reference') =>
    pairs.length > 0 ? shown(median(pairs.map((pair) => pair[side]))) : '';
  const [low, high] = intervalOf(figure);
  return [
    name,
    goal === undefined ? 'none' : goalText(goal),
    value.toPrecision(3),
    `${low.toPrecision(3)} to ${high.toPrecision(3)}`,
    verdictOf(figure) ?? '',
    absolute('ours'),
    absolute('reference'),
    unit,
  ];
}

export function goalText(goal: Goal): string {
  return 'atLeast' in goal ? `≥ ${goal.atLeast}` : `≤ ${goal.atMost}`;
}

/** Returns a sentence that names the figures whose goals are missed, and one for those that are undecided. */
export function summary(figures: readonly Figure[]): string {
  const [missed, undecided] = (['missed', 'undecided'] as const).map((verdict) =>
    figures.filter((figure) => verdictOf(figure) === verdict).map(({ name }) => name),
  );
  return [
    missed?.length ? `Goals missed: ${missed.join(', ')}.` : 'No goal is missed.',
    undecided?.length ? `Undecided, because the interval contains the goal: ${undecided.join(', ')}.` : '',
  ]
    .filter(Boolean)
    .join('\n');
}
