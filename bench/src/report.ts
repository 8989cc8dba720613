import type { Figure } from './figure.js';
import { median } from './figure.js';
import { shown } from './in-turn.js';

export const HEADINGS = ['figure', 'goal', 'measured', 'spread', 'met', 'ours', 'reference', 'unit'];

/** The figures as lines of equal columns. */
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

export function rowOf({ name, goal, pairs, value, spread, met, unit }: Figure): string[] {
  const absolute = (side: 'ours' | 'reference') =>
    pairs.length > 0 ? shown(median(pairs.map((pair) => pair[side]))) : '';
  return [
    name,
    'atLeast' in goal ? `≥ ${goal.atLeast}` : `≤ ${goal.atMost}`,
    value.toPrecision(3),
    `${spread[0].toPrecision(3)} to ${spread[1].toPrecision(3)}`,
    met ? 'yes' : 'NO',
    absolute('ours'),
    absolute('reference'),
    unit,
  ];
}

export function failuresOf(figures: readonly Figure[]): string {
  const missed = figures.filter(({ met }) => !met).map(({ name }) => name);
  return missed.length === 0 ? '\nEvery goal is met.\n' : `\nNot met: ${missed.join(', ')}.\n`;
}
