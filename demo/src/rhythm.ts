/** The weight of each hour: nights are quiet, there is a peak at lunch and a higher one in the evening. */
const HOURS = [
  2, 1, 0.6, 0.5, 0.6, 1.4, 3, 5, 6.5, 7, 7.4, 8.6, 9.6, 8.4, 7, 6.6, 7, 8.2, 9.8, 11, 11.4, 9.4, 6.4, 3.8,
];
/** The factor of each weekday, beginning with Sunday. */
const WEEKDAYS = [1.15, 0.85, 0.86, 0.92, 0.98, 1.16, 1.34];
const WHOLE_DAY = HOURS.reduce((sum, weight) => sum + weight, 0);

export const SLOT_MS = 60_000;

/** Returns a function that gives the local time of the shop, as a date whose UTC fields have the local values. */
export function wallClock(timeZone: string): (at: number) => Date {
  const form = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' });
  return (at) => new Date(`${form.format(at).replace(' ', 'T')}Z`);
}

/** Returns the expected orders in the minute with local time `at`, if an average day has `perDay` orders. */
export function expectedOrders(at: Date, perDay: number): number {
  const hour = at.getUTCHours() + at.getUTCMinutes() / 60;
  const before = HOURS[Math.floor(hour)] ?? 1;
  const after = HOURS[Math.floor(hour + 1) % 24] ?? 1;
  const weight = before + (after - before) * (hour % 1);
  return ((perDay * weight) / WHOLE_DAY / 60) * (WEEKDAYS[at.getUTCDay()] ?? 1);
}
