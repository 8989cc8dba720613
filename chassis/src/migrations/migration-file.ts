import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { splitStatements } from './split-statements.js';

/**
 * How a migration runs:
 * - `transaction`: the file and its record are one transaction.
 * - `concurrently`: each statement runs outside of a transaction, as CREATE INDEX CONCURRENTLY demands.
 * - `backfill`: one statement that changes at most `:batch` rows runs again until it changes none.
 */
export type MigrationKind = (typeof KINDS)[number];
const KINDS = ['transaction', 'concurrently', 'backfill'] as const;

/**
 * When a migration runs: an `expand` step while services of the release before still run, because they work with its
 * result, and a `contract` step only after the last of them has ended.
 */
export type MigrationStep = (typeof STEPS)[number];
const STEPS = ['expand', 'contract'] as const;

export interface Migration {
  /** The file's name without `.sql`: `0001-some-name`. */
  readonly id: string;
  /** The name of the file with its folder, for messages. */
  readonly file: string;
  readonly kind: MigrationKind;
  readonly step: MigrationStep;
  /** Rows of each batch of a backfill. */
  readonly batch: number;
  readonly sql: string;
  /** The SHA-256 of the text. */
  readonly checksum: string;
}

const NAME = /^\d{4}-[a-z0-9-]+\.sql$/;
const DIRECTIVE = /^-- (kind|step|batch): *(\S+) *$/;
const DEFAULT_BATCH = 1_000;

/** Reads the migrations of a folder in the order of their numbers. A folder that does not exist has none. */
export async function readMigrations(folder: string, shownFolder: string): Promise<Migration[]> {
  const names = (await readdir(folder).catch(noFolder)).filter((name) => name.endsWith('.sql')).sort();
  const migrations = await Promise.all(
    names.map(async (name) => parseMigration(`${shownFolder}/${name}`, await readFile(join(folder, name), 'utf8'))),
  );
  for (const [index, { id, file }] of migrations.entries()) {
    const before = migrations[index - 1];
    if (before?.id.slice(0, 4) === id.slice(0, 4)) throw new Error(`${file} has the same number as ${before.file}`);
  }
  return migrations;
}

function noFolder(error: NodeJS.ErrnoException): string[] {
  if (error.code === 'ENOENT') return [];
  throw error;
}

/** Throws with the file's name when the text cannot be a migration. */
export function parseMigration(file: string, sql: string): Migration {
  const name = file.split('/').at(-1) ?? '';
  if (!NAME.test(name)) throw new Error(`${file}: the name must be four digits and words, like 0001-a-name.sql`);
  // The directives would not be found, and the checksum would be another one.
  if (sql.includes('\r'))
    throw new Error(
      `${file}: it has line endings of Windows (CRLF); write it with those of Unix (LF), as the release has it`,
    );
  const directives = new Map<string, string>();
  for (const line of sql.split('\n')) {
    const [, key, value] = DIRECTIVE.exec(line) ?? [];
    if (key === undefined || value === undefined) break;
    directives.set(key, value);
  }
  const directive = <T extends string>(key: string, values: readonly T[]): T => {
    const value = values.find((possible) => possible === directives.get(key));
    if (value === undefined)
      throw new Error(`${file}: its first lines must have "-- ${key}: ${values.join('" or "')}"`);
    return value;
  };
  const batch = Number(directives.get('batch') ?? DEFAULT_BATCH);
  if (!Number.isSafeInteger(batch) || batch < 1) throw new Error(`${file}: batch must be a number of rows`);
  const checksum = createHash('sha256').update(sql).digest('hex');
  const kind = directive('kind', KINDS);
  const migration = { id: name.slice(0, -4), file, kind, step: directive('step', STEPS), batch, sql, checksum };
  const fault = faultOf(migration);
  if (fault !== undefined) throw new Error(`${file}: ${fault}`);
  return migration;
}

/** Statements that a file of kind `concurrently` may have, because they can run again after an interruption. */
const REPEATABLE =
  /^(?:CREATE\s+(?:UNIQUE\s+)?INDEX\s+CONCURRENTLY\s+IF\s+NOT\s+EXISTS\s+\w|DROP\s+INDEX\s+CONCURRENTLY\s+IF\s+EXISTS\s|ALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?\S+\s+VALIDATE\s+CONSTRAINT\s|ANALYZE\b|VACUUM\b)/i;

const TRANSACTION_CONTROL = /^(?:BEGIN|START|COMMIT|END|ROLLBACK|ABORT)\b/i;

/** Says why a text cannot be run, or not a second time after an interruption; undefined when it can. */
function faultOf({ kind, sql }: Migration): string | undefined {
  const statements = splitStatements(sql);
  const first = statements[0];
  if (first === undefined) return 'it has no statement';
  const control = statements.find(({ text }) => TRANSACTION_CONTROL.test(text));
  if (control !== undefined) return `line ${control.line}: the runner begins and ends transactions`;
  if (kind === 'backfill') {
    if (statements.length !== 1) return 'a backfill is one statement';
    if (!/\$1\b|:batch\b/.test(first.text)) return 'a backfill limits the rows of a batch with :batch';
    if (!/^(?:WITH|UPDATE|INSERT|DELETE)\b/i.test(first.text)) return 'a backfill changes rows';
  }
  const unsafe = kind === 'concurrently' ? statements.find(({ text }) => !REPEATABLE.test(text)) : undefined;
  if (unsafe !== undefined)
    return (
      `line ${unsafe.line}: a file of kind concurrently may only CREATE INDEX CONCURRENTLY IF NOT EXISTS <name>, ` +
      'DROP INDEX CONCURRENTLY IF EXISTS, VALIDATE CONSTRAINT, ANALYZE and VACUUM, because these can run again'
    );
  return undefined;
}

/** The name of the index that a statement of kind `concurrently` builds, or undefined for another statement. */
export function concurrentIndexOf(statement: string): string | undefined {
  return /^CREATE\s+(?:UNIQUE\s+)?INDEX\s+CONCURRENTLY\s+IF\s+NOT\s+EXISTS\s+(\w+)/i.exec(statement)?.[1];
}
