import {
  type SqlStatement,
  splitStatements,
  withoutComments,
  withoutLiterals,
} from '@tallyline/chassis/migrations/split-statements';

/** Matches the name of a table or column in a regular expression. */
export const NAME = String.raw`(?:"[^"]+"|[\w.]+)`;

export const unquoted = (name = '') =>
  name
    .replaceAll('"', '')
    .replace(/^public\./i, '')
    .toLowerCase();

/** The table and the actions of an ALTER TABLE, or undefined for another statement. */
export function alterTable({ text }: SqlStatement): { table: string; actions: readonly string[] } | undefined {
  const found = new RegExp(String.raw`\bALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?(${NAME})\s+(.*)`, 'is').exec(
    text,
  );
  return found === null ? undefined : { table: unquoted(found[1]), actions: splitActions(found[2] ?? '') };
}

/** Splits at commas outside of parentheses. */
function splitActions(actions: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (const [index, character] of actions.split('').entries()) {
    if (character === '(') depth += 1;
    if (character === ')') depth -= 1;
    if (character !== ',' || depth > 0) continue;
    parts.push(actions.slice(start, index));
    start = index + 1;
  }
  return [...parts, actions.slice(start)].map((part) => part.trim());
}

/**
 * The statements of a text, and those inside of its DO blocks, with blanks in place of strings. Bodies of functions do not
 * run with the migration.
 */
export function statementsOf(sql: string): SqlStatement[] {
  return splitStatements(sql).flatMap(({ text, line }) => {
    const body = /^DO\b[^$]*(\$\w*\$)([\s\S]*)\1/i.exec(text);
    if (body !== null) {
      const before = text.slice(0, text.indexOf(body[1] ?? '')).split('\n').length - 1;
      const inner = statementsOf(body[2] ?? '').map(withoutControl);
      return inner.map((statement) => ({ ...statement, line: line + before + statement.line - 1 }));
    }
    const isFunction = /\bCREATE\s+(?:OR\s+REPLACE\s+)?(?:FUNCTION|PROCEDURE)\b/i.test(text);
    return isFunction ? [] : [{ text: withoutLiterals(text), line }];
  });
}

/** Removes what precedes a statement in a DO block, such as BEGIN or IF … THEN. */
function withoutControl({ text, line }: SqlStatement): SqlStatement {
  const control = /^(?:BEGIN|ELSE|LOOP|(?:IF|ELSIF|FOR|WHILE)\b[\s\S]*?\b(?:THEN|LOOP))\s+/i.exec(text)?.[0];
  if (control === undefined) return { text, line };
  return withoutControl({ text: text.slice(control.length), line: line + control.split('\n').length - 1 });
}

/** The tables that an SQL text creates. */
export function createdBy(sql: string): Set<string> {
  const pattern = new RegExp(
    String.raw`\bCREATE\s+(?:UNLOGGED\s+|TEMP(?:ORARY)?\s+)?TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?(${NAME})`,
    'gi',
  );
  return new Set([...withoutComments(sql).matchAll(pattern)].map(([, name]) => unquoted(name)));
}
