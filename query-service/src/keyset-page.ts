import { z } from 'zod';

export const pageHeaders = z.object({
  link: z.string().optional().meta({ description: 'Where the next page is, if there is one (RFC 8288)' }),
});

/**
 * Cuts rows to one keyset page, which begins after the last key of the page before. An index finds that key however deep the
 * page is, and rows added meanwhile shift nothing. Queries fetch one row more than a page has; if it is there, the answer
 * links to the next page (RFC 8288).
 */
export function keysetPage<Row>(
  rows: readonly Row[],
  limit: number,
  url: URL,
  cursor: { readonly parameter: string; readonly keyOf: (row: Row) => number },
): { rows: readonly Row[]; headers: Readonly<Record<string, string>> } {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  if (rows.length <= limit || last === undefined) return { rows: shown, headers: {} };
  const next = new URL(url);
  next.searchParams.set(cursor.parameter, String(cursor.keyOf(last)));
  return { rows: shown, headers: { link: `<${next.pathname}${next.search}>; rel="next"` } };
}
