/** The hour on the clocks of a time zone now. Tests choose by it where they run: no day may end between two answers. */
export function hourIn(timeZone: string): number {
  return Number(new Intl.DateTimeFormat('en', { hour: 'numeric', hourCycle: 'h23', timeZone }).format(new Date()));
}
