/** The first 48 bits of a UUIDv7 are the milliseconds since 1970 (RFC 9562, section 5.7). */

/** The lowest UUIDv7 of this millisecond. A time before 1970 gives the lowest one of all. */
export function lowestUuidOf(time: Date): string {
  const hex = Math.max(0, time.getTime()).toString(16).padStart(12, '0');
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}

/** The time of a UUIDv7 in milliseconds since 1970. */
export function timeOfUuid(id: string): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

/** The time of a UUIDv7 as an SQL expression; `id` is a column or an expression. */
export const timeOfUuidSql = (id: string) =>
  `to_timestamp(('x' || translate(left(${id}::text, 13), '-', ''))::bit(48)::bigint / 1000.0)`;

/** SQL for the lowest UUIDv7 of `days` days ago, or the lowest one of all if that is before 1970. */
export const lowestUuidDaysAgoSql = (days: string, now = 'now()') =>
  `rpad(lpad(to_hex(GREATEST(0, extract(epoch FROM ${now} - ${days} * interval '1 day') * 1000)::bigint), 12, '0'), 32, '0')::uuid`;
