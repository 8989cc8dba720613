import type { Rebuilt } from './rebuild.js';

export function reportOf(rebuilt: Rebuilt): string[] {
  const { chosen, events, differences, unreadable, unarchived, notApplied, swapped, stoppedMs } = rebuilt;
  const rows = differences.reduce((sum, { count }) => sum + count, 0);
  const subject = chosen === undefined ? 'Rebuilt' : `Rebuilt ${chosen.join(', ')} alone,`;
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
  if (notApplied > 0) {
    lines.push(
      `${notApplied} event(s) of the archive are not in the other views: run npm run rebuild without --view, which fills all`,
    );
  }
  if (swapped && rows === 0) {
    lines.push(`${subject} from ${events} events: equal to the live views, row by row; ${pause}.`);
  } else if (swapped) {
    lines.push(`${subject} from ${events} events: ${rows} row(s) of ${differences.length} view(s) replaced; ${pause}.`);
  } else {
    lines.push(`${subject} from ${events} events, not swapped: the live views are unchanged.`);
    if (unarchived + notApplied === 0 && unreadable.length === 0)
      lines.push('Run it again with --accept to replace these rows.');
  }
  return [...lines, ...historyOf(rebuilt)];
}

function historyOf({ completed, lacking, swapped }: Rebuilt): string[] {
  const lines = completed.map((view) => `${view} lacked history and is complete now.`);
  if (swapped && lacking.length > 0) {
    const names = lacking.join(', ');
    lines.push(
      `${names} still lack history, because an older consumer may run: when it has stopped, run npm run rebuild -- --view NAME`,
    );
  }
  return lines;
}
