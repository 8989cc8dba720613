/** Formats numbers and times in the reader's locale, and in the shop's time zone unless another is given. */

const locales = navigator.languages.length > 0 ? [...navigator.languages] : undefined;

export const shopZone = document.documentElement.dataset.timeZone ?? 'UTC';

const whole = new Intl.NumberFormat(locales, { maximumFractionDigits: 0 });
const cents = new Intl.NumberFormat(locales, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const compact = new Intl.NumberFormat(locales, { notation: 'compact', maximumFractionDigits: 1 });
const percent = new Intl.NumberFormat(locales, { style: 'percent', maximumFractionDigits: 1 });

/** A headline has no cents from this amount on. */
const CENTS_BELOW = 1_000_000;

export const count = (value: number) => whole.format(value);
export const money = (value: number) => cents.format(value);
export const headline = (value: number) => (value < CENTS_BELOW ? cents : whole).format(value);
export const short = (value: number) => compact.format(value);

/** The change from `before` to `now` as a share. `direction` is 0 if the share is shown as 0 %. */
export function change(now: number, before: number): { direction: -1 | 0 | 1; share: string } {
  const tenthsOfPercent = Math.round((now / before - 1) * 1_000);
  return {
    direction: Math.sign(tenthsOfPercent) as -1 | 0 | 1,
    share: percent.format(Math.abs(tenthsOfPercent) / 1_000),
  };
}

/** Formats seconds with a unit: `4.2 s`, `2:05 min`, `1:02:05 h`. */
export function duration(seconds: number): string {
  if (seconds < 10) return `${new Intl.NumberFormat(locales, { maximumFractionDigits: 1 }).format(seconds)} s`;
  if (seconds < 120) return `${whole.format(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  const rest = `${minutes % 60}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`;
  return minutes < 60 ? `${rest} min` : `${Math.floor(minutes / 60)}:${rest.padStart(5, '0')} h`;
}

export function clock(instant: string | number): string {
  return new Intl.DateTimeFormat(locales, { timeStyle: 'medium', timeZone: shopZone }).format(new Date(instant));
}

export function clockMinutes(instant: string): string {
  return new Intl.DateTimeFormat(locales, { timeStyle: 'short', timeZone: shopZone }).format(new Date(instant));
}

/** The minutes on the clock as a fraction of the hour, 0 to 1. */
export function partOfHour(instant: string): number {
  return (
    Number(new Intl.DateTimeFormat('en', { minute: 'numeric', timeZone: shopZone }).format(new Date(instant))) / 60
  );
}

export function longDate(instant: string): string {
  const form = { weekday: 'long', day: 'numeric', month: 'long', timeZone: shopZone } as const;
  return new Intl.DateTimeFormat(locales, form).format(new Date(instant));
}

/** Formats a calendar day such as `2026-11-20`, which is the same day in every time zone. */
export function day(date: string, form: Intl.DateTimeFormatOptions): string {
  return new Intl.DateTimeFormat(locales, { ...form, timeZone: 'UTC' }).format(new Date(`${date}T00:00:00Z`));
}

export function hour(value: number): string {
  return new Intl.DateTimeFormat(locales, { timeStyle: 'short', timeZone: 'UTC' }).format(value * 3_600_000);
}

/** The calendar day of an instant, `2026-11-20`. */
export function dayOf(instant: string): string {
  return new Intl.DateTimeFormat('sv', { timeZone: shopZone, dateStyle: 'short' }).format(new Date(instant));
}

export function dateTime(instant: string, timeZone = shopZone): string {
  const form = { day: 'numeric', month: 'short', hour: 'numeric', minute: '2-digit', timeZone } as const;
  return new Intl.DateTimeFormat(locales, form).format(new Date(instant));
}

/** `Europe/Berlin time`. */
export const zoneName = (timeZone = shopZone) => `${timeZone.replaceAll('_', ' ')} time`;
