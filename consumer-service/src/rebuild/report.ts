import type { Rebuilt } from './rebuild.js';

export function reportOf({ events, differences, unreadable, unarchived, swapped, stoppedMs }: Rebuilt): string[] {
  const rows = differences.reduce((sum, { count }) => sum + count, 0);
  const pause = `consumers waited ${(stoppedMs / 1000).toFixed(1)} s, queries did not`;
  const lines = differences.flatMap(({ table, count, rows: shown }) => [
    `${table}: ${count} row(s) differ (- live, + rebuilt)`,
    ...shown.flatMap(({ live, rebuilt }) => [
      ...(live === null ? [] : [`  - ${live}`]),
      ...(rebuilt === null ? [] : [`  + ${rebuilt}`]),
    ]),
    ...(count > shown.length ? [`  … and ${count - shown.length} more`] : []),
  ]);
  for (const { id, reason } of unreadable.slice(0, 10)) lines.push(`today's code cannot read event ${id}: ${reason}`);
  if (unarchived > 0) {
    lines.push(
      `${unarchived} event(s) of the live views are not in the archive of this database: the rebuilt views would lack them`,
    );
  }
  if (swapped && rows === 0) {
    lines.push(`Rebuilt from ${events} events: equal to the live views, row by row; ${pause}.`);
  } else if (swapped) {
    lines.push(`Rebuilt from ${events} events: ${rows} row(s) of ${differences.length} view(s) replaced; ${pause}.`);
  } else {
    lines.push(`Rebuilt from ${events} events, not swapped: the live views are unchanged.`);
    if (unarchived === 0 && unreadable.length === 0) lines.push('Run it again with --accept to replace these rows.');
  }
  return lines;
}
