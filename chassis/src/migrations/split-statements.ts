/** A statement of an SQL text, without its semicolon. `text` has blanks where the original has comments. */
export interface SqlStatement {
  readonly text: string;
  /** The line of the file on which the statement begins, from 1. */
  readonly line: number;
}

/**
 * Matches what may hold a semicolon that ends no statement: comments, strings, quoted names and dollar-quoted bodies.
 * Nested comments and strings with backslashes (E'…') are not understood; no schema file has them.
 */
const OPAQUE = /--[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^']|'')*'|"(?:[^"]|"")*"|\$([A-Za-z_]\w*)?\$[\s\S]*?\$\1\$/g;

const isComment = (text: string) => text.startsWith('--') || text.startsWith('/*');
const blank = (text: string) => text.replace(/[^\n]/g, ' ');

/** Splits an SQL text into its statements. */
export function splitStatements(sql: string): SqlStatement[] {
  const text = withoutComments(sql);
  const ends = semicolonsOf(text);
  let start = 0;
  return [...ends, text.length].flatMap((end) => {
    const statement = text.slice(start, end);
    const first = start + statement.search(/\S/);
    start = end + 1;
    if (statement.trim() === '') return [];
    return [{ text: statement.trim(), line: text.slice(0, first).split('\n').length }];
  });
}

/** Replaces comments by blanks, so that positions and lines stay the same. */
export function withoutComments(sql: string): string {
  return sql.replace(OPAQUE, (found) => (isComment(found) ? blank(found) : found));
}

/** Replaces comments, strings and dollar-quoted bodies by blanks. */
export function withoutLiterals(sql: string): string {
  return sql.replace(OPAQUE, (found) => (found.startsWith('"') ? found : blank(found)));
}

function semicolonsOf(text: string): number[] {
  return [...text.replace(OPAQUE, blank).matchAll(/;/g)].map(({ index }) => index);
}
