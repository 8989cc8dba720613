import type { ChangedRow, DeadLetterRow } from './dead-letters.sql.js';
import type { Letter } from './letter.js';
import type { Trial } from './try-letters.js';

export function listLine(row: DeadLetterRow | undefined, letter: Letter | undefined, applied: boolean): string {
  const id = letter?.id ?? row?.id;
  const queue = letter?.queue ?? row?.queue;
  const firstSeenAt = row?.firstSeenAt.toISOString() ?? letter?.firstSeenAt ?? 'unknown time';
  return `${id}  ${firstSeenAt}  ${queue}  ${letter?.type ?? '-'}  ${reasonOf(row, letter)}${noteOf(row, letter, applied)}`;
}

export function reasonOf(row: DeadLetterRow | undefined, letter: Letter | undefined): string | undefined {
  return letter?.reason ?? row?.reason ?? letter?.reasonOfBroker;
}

function noteOf(row: DeadLetterRow | undefined, letter: Letter | undefined, applied: boolean): string {
  if (applied) return '  [applied since: a redrive changes nothing]';
  if (letter !== undefined) return '';
  return row?.counted === true
    ? `  [no message any more: npm run replay -- --id ${row.id}]`
    : '  [no message any more: discard it]';
}

export function describeTrial(trial: Trial): string[] {
  if (trial.kind === 'already-applied') return ['is in the views already: nothing would change'];
  if (trial.kind === 'would-come-back') return [`would be set aside again: ${trial.reason}`];
  if (trial.changes.length === 0) return ['would be applied; no row of a view would change'];
  return ['would be applied:', ...trial.changes.flatMap(changeLines)];
}

function changeLines({ view, before, after }: ChangedRow): string[] {
  const shown = (sign: string, row: string | null) => (row === null ? [] : [`  ${sign} ${row}`]);
  return [view, ...shown('-', before), ...shown('+', after)];
}

/** Text as text, anything else as hex, with a limit: a terminal is no place for 128 MB. */
export function readableBody(body: Buffer, maxBytes = 20_000): string {
  const more = body.length > maxBytes ? `\n… and ${body.length - maxBytes} more bytes` : '';
  const shown = body.subarray(0, maxBytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(shown) + more;
  } catch {
    return `${body.length} bytes that are not UTF-8: ${shown.toString('hex')}${more}`;
  }
}
