import type { Queryable, Statement } from './pool.js';

/** A statement that writes and returns nothing, so that it can be combined with others. */
export interface WriteStatement {
  readonly name: string;
  readonly sql: string;
  /** Writes whose RETURNING rows `sql` reads, by name. PostgreSQL allows such a WITH only at the top of a statement. */
  readonly with?: Readonly<Record<string, string>>;
  readonly values: readonly unknown[];
}

type Composed = Required<Pick<Statement, 'name' | 'text'>>;

const composed = new Map<string, Composed>();

/**
 * Runs several writes as one statement, which takes one round trip and is atomic even outside of a transaction. Each
 * write sees the tables as they were before the statement, so none may write what another one reads or writes.
 *
 * PostgreSQL runs the main statement first and then its WITH queries from the last to the first; the statement is composed
 * so that the writes run in the given order. The manual (section 7.8.4) does not promise this, but a test checks it.
 * Another order would be correct, too, but two transactions could then deadlock.
 */
export async function runWrites(db: Queryable, name: string, writes: readonly WriteStatement[]): Promise<void> {
  await Promise.all(combineWrites(name, writes).map((statement) => db.query(statement)));
}

/** The combined statement, or an empty list when there are no writes. */
export function combineWrites(name: string, writes: readonly WriteStatement[]): Statement[] {
  if (writes.length === 0) return [];
  const key = [name, ...writes.map(({ name }) => name)].join(' ');
  let statement = composed.get(key);
  if (statement === undefined) {
    statement = { name: `${name}-${composed.size}`, text: compose(writes) };
    composed.set(key, statement);
  }
  return [{ values: writes.flatMap(({ values }) => values), ...statement }];
}

function compose(writes: readonly WriteStatement[]): string {
  let first = 0;
  const texts = writes.map(({ name, sql, with: reads = {}, values }) => {
    const offset = first;
    first += values.length;
    const renumbered = (text: string) => text.replace(/\$(\d+)/g, (_, number) => `$${offset + Number(number)}`);
    return {
      reads: Object.entries(reads).map(([read, text]) => `${read} AS (${renumbered(text)})`),
      name,
      sql: renumbered(sql),
    };
  });
  const withs = texts.reverse().flatMap(({ reads, name, sql }, index) => {
    const isStatement = index === texts.length - 1;
    return isStatement ? reads : [...reads, `"${name}" AS (${sql})`];
  });
  const statement = texts.at(-1)?.sql ?? '';
  return withs.length === 0 ? statement : `WITH ${withs.join(',\n')}\n${statement}`;
}
