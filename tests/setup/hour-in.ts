/** Returns the current hour in a time zone. Tests choose a zone by it, so that no day ends between two answers. */
export function hourIn(timeZone: string): number {
  return Number(new Intl.DateTimeFormat('en', { hour: 'numeric', hourCycle: 'h23', timeZone }).format(new Date()));
}
