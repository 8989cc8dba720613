import { z } from 'zod';

export const pageHeaders = z.object({
  link: z.string().optional().meta({ description: 'Where the next page is, if there is one (RFC 8288)' }),
});

/**
 * A keyset page: the row after the last key, found by index however deep the page, and stable while rows are added.
 * Queries fetch one row more than the page holds; its presence is what says that there is a next page (RFC 8288 Link).
 */
export function keysetPage<Row>(
  rows: readonly Row[],
  limit: number,
  url: URL,
  cursor: { readonly parameter: string; readonly of: (row: Row) => number },
): { rows: readonly Row[]; headers: Readonly<Record<string, string>> } {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  if (rows.length <= limit || last === undefined) return { rows: shown, headers: {} };
  const next = new URL(url);
  next.searchParams.set(cursor.parameter, String(cursor.of(last)));
  return { rows: shown, headers: { link: `<${next.pathname}${next.search}>; rel="next"` } };
}
