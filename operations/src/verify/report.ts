import type { Row } from './compare.js';
import type { Finding, Suspect } from './explain.js';
import { MAX_SUSPECTS } from './explain.sql.js';
import type { Verdict } from './verify.js';

/** Reports equality in one line, or else the differing rows and their number at the end. */
export function reportOf(verdict: Verdict): string[] {
  const { events, foreign, unapplied, parked, views, lacking, rows, differing, findings } = verdict;
  const notes = [
    ...(foreign > 0 ? [`${foreign} of the events came from elsewhere and are compared as the archive has them`] : []),
    ...(unapplied > 0 ? [`${unapplied} more are committed and not applied yet`] : []),
    ...(parked > 0 ? [`the views lack ${parked} parked event(s), which are newer than the consumers`] : []),
  ];
  const notCompared = lacking.map(
    (view) => `${view} is not compared: it lacks history until npm run rebuild -- --view ${view} has filled it.`,
  );
  const noted = notes.length > 0 ? ` (${notes.join('; ')})` : '';
  if (differing === 0) {
    const equal = `Equal to the cent: ${rows} rows of ${views} views, recomputed from ${events} applied events${noted}.`;
    return [...notCompared, equal];
  }
  const more = differing > findings.length ? [`… and ${differing - findings.length} more`] : [];
  const end = `${differing} of ${rows} rows differ from what ${events} applied events add up to${noted}.`;
  return [...notCompared, ...findings.map(lineOf), ...more, end];
}

function lineOf({ view, key, have, want, suspects }: Finding): string {
  const what =
    have === undefined
      ? `is missing, should be ${shown(want)}`
      : want === undefined
        ? `should not be there: ${shown(have)}`
        : `has ${changed(have, want)}, should have ${changed(want, have)}`;
  return `${view} ${key}: ${what}; ${explained(suspects)}`;
}

function shown(row: Row | undefined): string {
  return Object.entries(row ?? {})
    .flatMap(([column, value]) => (column === 'k' ? [] : [`${column} ${value}`]))
    .join(', ');
}

function changed(row: Row, other: Row): string {
  const differing = Object.entries(row).filter(([column, value]) => value !== other[column]);
  return shown(Object.fromEntries(differing) as unknown as Row);
}

function explained(suspects: readonly Suspect[]): string {
  const [first, ...others] = suspects;
  if (first === undefined) return 'no single event makes this difference';
  const event = first.eventId === null ? 'its event' : `event ${first.eventId}`;
  const alike = others.length >= MAX_SUSPECTS - 1 ? 'many' : others.length;
  const likely = `${event} (${first.n < 0 ? 'foreign' : `number ${first.n}`}) ${first.verdict}`;
  return others.length === 0 ? likely : `most likely ${likely}, or one of ${alike} others alike`;
}
