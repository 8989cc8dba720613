import type { Migration } from '@tallyline/chassis/migrations/migration-file';
import type { SqlStatement } from '@tallyline/chassis/migrations/split-statements';
import { NotNullChecks } from './not-null-checks.js';
import { alterTable, createdBy, NAME, statementsOf, unquoted } from './read-statements.js';

/**
 * Rules for migrations that run beside services: no statement may hold a lock that stops orders for long, and no expand step
 * may take away what services of the release before still use. The rules read the text with regular expressions. They know
 * the forms that migrations use, and refuse a form that they cannot judge.
 */
export interface Refusal {
  readonly file: string;
  readonly line: number;
  readonly rule: string;
}

interface Context {
  readonly migration: Migration;
  /** Tables that this file creates, which nobody else can use yet. */
  readonly created: ReadonlySet<string>;
  /** Columns with a validated CHECK (column IS NOT NULL), as `table.column`, in this file or an earlier one. */
  readonly checked: ReadonlySet<string>;
}

type Rule = (statement: SqlStatement, context: Context) => string | undefined;

/** The actions of an ALTER TABLE on a table that others may use. */
function alterExisting(statement: SqlStatement, { created }: Context): readonly string[] {
  const alter = alterTable(statement);
  return alter === undefined || created.has(alter.table) ? [] : alter.actions;
}

/** Functions whose value differs from row to row, so that PostgreSQL would write every row. */
const VOLATILE =
  /\b(?:random|clock_timestamp|timeofday|gen_random_uuid|uuid_generate_v\w+|uuidv\d|nextval)\s*\(|\bGENERATED\b/i;

const rules: Readonly<Record<string, Rule>> = {
  'CREATE INDEX on a table that exists needs CONCURRENTLY': ({ text }, { created }) => {
    const found = new RegExp(
      String.raw`\bCREATE\s+(?:UNIQUE\s+)?INDEX\s+(CONCURRENTLY\s+)?.*?\bON\s+(?:ONLY\s+)?(${NAME})`,
      'is',
    ).exec(text);
    return found !== null && found[1] === undefined && !created.has(unquoted(found[2])) ? found[2] : undefined;
  },
  'CONCURRENTLY needs "kind: concurrently"': ({ text }, { migration }) =>
    migration.kind !== 'concurrently' ? /\bCONCURRENTLY\b/i.exec(text)?.[0] : undefined,
  'ALTER COLUMN … TYPE rewrites the table: add a column, backfill it, and change the readers': (statement, context) =>
    alterExisting(statement, context).find((action) =>
      /^ALTER\s+(?:COLUMN\s+)?\S+\s+(?:SET\s+DATA\s+)?TYPE\b/i.test(action),
    ),
  'SET NOT NULL needs a validated CHECK (… IS NOT NULL) before it, or it reads the whole table': (statement, context) =>
    alterExisting(statement, context).find((action) => {
      const [, column] = /^ALTER\s+(?:COLUMN\s+)?(\S+)\s+SET\s+NOT\s+NULL\b/i.exec(action) ?? [];
      return column !== undefined && !context.checked.has(`${alterTable(statement)?.table}.${unquoted(column)}`);
    }),
  'ADD COLUMN … NOT NULL needs a constant DEFAULT': (statement, context) =>
    addedColumns(statement, context).find((action) => /\bNOT\s+NULL\b/i.test(action) && !/\bDEFAULT\b/i.test(action)),
  'ADD COLUMN with a volatile DEFAULT or a generated value rewrites the table': (statement, context) =>
    addedColumns(statement, context).find(
      (action) => VOLATILE.test(action) || /^\S+.*\s(?:BIG|SMALL)?SERIAL\b/i.test(action),
    ),
  'ADD COLUMN … PRIMARY KEY, UNIQUE, CHECK or REFERENCES reads the table under a lock: add the constraint by itself': (
    statement,
    context,
  ) => addedColumns(statement, context).find((action) => /\b(?:PRIMARY\s+KEY|UNIQUE|CHECK|REFERENCES)\b/i.test(action)),
  'ADD CHECK or FOREIGN KEY needs NOT VALID, and VALIDATE CONSTRAINT in a later file': (statement, context) =>
    alterExisting(statement, context).find(
      (action) =>
        /^ADD\s+(?:CONSTRAINT\s+\S+\s+)?(?:CHECK|FOREIGN\s+KEY|NOT\s+NULL)\b/i.test(action) &&
        !/\bNOT\s+VALID\b/i.test(action),
    ),
  'VALIDATE CONSTRAINT reads the whole table under the lock of an earlier ALTER TABLE: put it into a file of its own': (
    statement,
    context,
  ) =>
    context.migration.kind === 'transaction' && isAlteredBefore(statement, context)
      ? alterExisting(statement, context).find((action) => VALIDATE.test(action))
      : undefined,
  'ADD UNIQUE, PRIMARY KEY or EXCLUDE needs USING INDEX with an index that was built concurrently': (
    statement,
    context,
  ) =>
    alterExisting(statement, context).find(
      (action) =>
        /^ADD\s+(?:CONSTRAINT\s+\S+\s+)?(?:UNIQUE|PRIMARY\s+KEY|EXCLUDE)\b/i.test(action) &&
        !/\bUSING\s+INDEX\b/i.test(action),
    ),
  'RENAME in an expand step takes a name away from running services': (statement, context) =>
    context.migration.step === 'expand' && isRenameOfExisting(statement, context) && !isSwap(context.migration)
      ? statement.text
      : undefined,
  'DROP of a column in an expand step takes it away from running services': (statement, context) =>
    context.migration.step === 'expand'
      ? alterExisting(statement, context).find((action) => /^DROP\s+(?!CONSTRAINT\b|DEFAULT\b|NOT\b)/i.test(action))
      : undefined,
  'DROP in an expand step takes the object away from running services': ({ text }, { migration, created }) => {
    const [, kind, name] =
      new RegExp(
        String.raw`\bDROP\s+(TABLE|VIEW|MATERIALIZED\s+VIEW|SEQUENCE|FUNCTION|PROCEDURE|TYPE|SCHEMA)\s+(?:IF\s+EXISTS\s+)?(${NAME})`,
        'i',
      ).exec(text) ?? [];
    return migration.step === 'expand' && name !== undefined && !created.has(unquoted(name))
      ? `${kind} ${name}`
      : undefined;
  },
  'DROP INDEX needs CONCURRENTLY': ({ text }) => /\bDROP\s+INDEX\s+(?!CONCURRENTLY\b)\S+/i.exec(text)?.[0],
  'VACUUM FULL and CLUSTER lock the table while they rewrite it': ({ text }) =>
    /\bVACUUM\s*(?:\([^)]*\bFULL\b[^)]*\)|FULL\b)|^\s*CLUSTER\b/i.exec(text)?.[0],
  'REINDEX needs CONCURRENTLY': ({ text }) =>
    /^\s*REINDEX\b/i.test(text) && !/\bCONCURRENTLY\b/i.test(text) ? text : undefined,
  'LOCK TABLE holds its lock until the end of the file': ({ text }, { migration }) =>
    isSwap(migration) ? undefined : /^\s*LOCK\s+(?:TABLE\s+)?\S+/i.exec(text)?.[0],
  'TRUNCATE locks the table and deletes what services may need': ({ text }, { created }) => {
    const [, name] = new RegExp(String.raw`^\s*TRUNCATE\s+(?:TABLE\s+)?(${NAME})`, 'i').exec(text) ?? [];
    return name === undefined || created.has(unquoted(name)) ? undefined : name;
  },
  'SET LOGGED, SET UNLOGGED, SET ACCESS METHOD and SET TABLESPACE rewrite the table': (statement, context) =>
    alterExisting(statement, context).find((action) =>
      /^SET\s+(?:LOGGED|UNLOGGED|ACCESS\s+METHOD|TABLESPACE)\b/i.test(action),
    ),
  'EXECUTE runs a text that these rules cannot read': ({ text }) => /^EXECUTE\b/i.exec(text)?.[0],
  'The runner sets lock_timeout': ({ text }) => /\bSET\s+(?:LOCAL\s+)?lock_timeout\b/i.exec(text)?.[0],
};

function addedColumns(statement: SqlStatement, context: Context): string[] {
  return alterExisting(statement, context).flatMap((action) => {
    const found =
      /^ADD\s+(?!CONSTRAINT\b|CHECK\b|FOREIGN\b|UNIQUE\b|PRIMARY\b|EXCLUDE\b|NOT\b)(?:COLUMN\s+)?(?:IF\s+NOT\s+EXISTS\s+)?(.*)/is.exec(
        action,
      );
    return found?.[1] === undefined ? [] : [found[1]];
  });
}

const VALIDATE = /^VALIDATE\s+CONSTRAINT\b/i;

function isAlteredBefore(statement: SqlStatement, { migration }: Context): boolean {
  const table = alterTable(statement)?.table;
  const before = statementsOf(migration.sql).filter(({ line }) => line < statement.line);
  return before
    .map(alterTable)
    .some((alter) => alter?.table === table && !alter?.actions.every((a) => VALIDATE.test(a)));
}

const RENAME = /\bRENAME\b/i;

function isRenameOfExisting(statement: SqlStatement, { created }: Context): boolean {
  const alter = alterTable(statement);
  if (alter === undefined)
    return /\bALTER\s+(?:INDEX|VIEW|SEQUENCE|FUNCTION|TYPE)\b.*\bRENAME\b/is.test(statement.text);
  return alter.actions.some((action) => RENAME.test(action)) && !created.has(alter.table);
}

/**
 * A swap gives a table's name to another one within a transaction, so that the same names exist afterwards. The runner's
 * lock_timeout limits the wait. The author answers for the columns being the same.
 */
export function isSwap({ kind, sql }: Migration): boolean {
  if (kind !== 'transaction') return false;
  const renaming = statementsOf(sql).filter(({ text }) => RENAME.test(text));
  const renames = renaming.flatMap(({ text }) => {
    const pattern = String.raw`\bALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(${NAME})\s+RENAME\s+TO\s+(${NAME})`;
    const [, from, to] = new RegExp(pattern, 'i').exec(text) ?? [];
    return from === undefined ? [] : [{ from: unquoted(from), to: unquoted(to) }];
  });
  const given = new Set(renames.map(({ to }) => to));
  const replaced = renames.filter(({ from }) => given.has(from));
  // Each name that is replaced comes with one table that gives up its own name.
  return renames.length === renaming.length && replaced.length > 0 && renames.length === 2 * replaced.length;
}

/** Lists what breaks a rule in the migrations of a database, which are given in their order. */
export function refusalsOf(migrations: readonly Migration[]): Refusal[] {
  const checks = new NotNullChecks();
  return migrations.flatMap((migration) => {
    const context = { migration, created: createdBy(migration.sql), checked: checks.read(migration.sql) };
    return statementsOf(migration.sql).flatMap((statement) =>
      Object.entries(rules).flatMap(([rule, breaks]) =>
        breaks(statement, context) === undefined ? [] : [{ file: migration.file, line: statement.line, rule }],
      ),
    );
  });
}

/** All rules, so that a test can check that each has an example. */
export const ruleNames: readonly string[] = Object.keys(rules);
