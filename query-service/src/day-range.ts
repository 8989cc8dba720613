import type { Problem } from '@tallyline/chassis/http/problem';
import { invalidInput } from '@tallyline/chassis/http/validation';

export interface DayRange {
  readonly from: string;
  readonly to: string;
}

const DAY_MS = 86_400_000;
const DEFAULT_DAYS = 30;

/** Returns the days from `from` to `to`, both included; by default the last 30. Throws a 400 for more than `maxDays`. */
export function dayRange(
  { from, to }: { readonly from?: string | undefined; readonly to?: string | undefined },
  today: string,
  maxDays: number,
): DayRange {
  const last = to ?? (from === undefined ? today : addDays(from, DEFAULT_DAYS - 1));
  const first = from ?? addDays(last, 1 - DEFAULT_DAYS);
  const days = (Date.parse(last) - Date.parse(first)) / DAY_MS + 1;
  if (days < 1) throw rangeProblem('must not be before from');
  if (days > maxDays) throw rangeProblem(`must be at most ${maxDays} days from from, both included`);
  return { from: first, to: last };
}

/** Adds days in UTC, where each has 24 hours. */
export function addDays(day: string, days: number): string {
  return new Date(Date.parse(day) + days * DAY_MS).toISOString().slice(0, 10);
}

/** Returns a 400 that names `to` as the invalid parameter. */
export function rangeProblem(detail: string): Problem {
  return invalidInput([{ parameter: 'to', detail }]);
}
