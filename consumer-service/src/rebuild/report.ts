import type { Rebuilt } from './rebuild.js';

export function reportOf({ events, differences, unreadable, unarchived, tookOver, stoppedMs }: Rebuilt): string[] {
  const rows = differences.reduce((sum, { count }) => sum + count, 0);
  const pause = `consumers waited ${(stoppedMs / 1000).toFixed(1)} s, queries did not`;
  const lines = differences.flatMap(({ table, count, rows: shown }) => [
    `${table}: ${count} row(s) differ (- live, + built anew)`,
    ...shown.flatMap(({ live, anew }) => [
      ...(live === null ? [] : [`  - ${live}`]),
      ...(anew === null ? [] : [`  + ${anew}`]),
    ]),
    ...(count > shown.length ? [`  … and ${count - shown.length} more`] : []),
  ]);
  for (const { id, reason } of unreadable.slice(0, 10))
    lines.push(`event ${id} cannot be read by today's code: ${reason}`);
  if (unarchived > 0) {
    lines.push(
      `${unarchived} event(s) of the live views are not in the archive of this database: new views would lack them`,
    );
  }
  if (tookOver && rows === 0) {
    lines.push(`Rebuilt from ${events} events: equal to the live views, row by row; ${pause}.`);
  } else if (tookOver) {
    lines.push(`Rebuilt from ${events} events: ${rows} row(s) of ${differences.length} view(s) replaced; ${pause}.`);
  } else {
    lines.push(`Rebuilt from ${events} events, not taken over: the live views are as they were.`);
    if (unarchived === 0 && unreadable.length === 0) lines.push('Once more with --accept replaces these rows.');
  }
  return lines;
}
