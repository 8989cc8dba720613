import type { WriteStatement } from '@tallyline/chassis/postgres/one-round-trip';
import type { EventOf, EventType } from '@tallyline/contracts/events';
import type { Column, ColumnValues, Row } from './merge-rules.js';
import { type Table, upsertInto } from './upsert.js';

/** For each type of event, the rows that an event contributes to a view. The columns' rules merge rows that have one key. */
type Folds<R> = { readonly [T in EventType]?: (event: EventOf<T>) => readonly R[] };

/** A row as a fold returns it. Columns that add, and those whose first value stays, must not be null. */
type RowOf<K extends Table['key'], C extends Table['columns']> = {
  readonly [N in keyof K]: ColumnValues[K[N]];
} & {
  readonly [N in keyof C]: ColumnValues[C[N]['type']] | (C[N] extends Column<'adds' | 'first'> ? never : null);
};

interface Declaration<K extends Table['key'], C extends Table['columns']> extends Table {
  readonly key: K;
  readonly columns: C;
  /** Begins at 1. Raise it when the view gets a column or holds something else than before: docs/how-to.md says why. */
  readonly revision: number;
  readonly folds: Folds<RowOf<K, C>>;
  /** The view's own SQL, which replaces the derived upsert. `key` and `columns` then describe the folded rows. */
  readonly upsert?: (rows: readonly RowOf<K, C>[]) => WriteStatement;
  /** Other tables that this SQL writes. */
  readonly alsoWrites?: readonly string[];
}

/** A table of the read database, how events become rows of it, and how rows are merged into it. */
export interface View extends Table {
  readonly revision: number;
  /** The view's table and the others that its upsert writes. */
  readonly tables: readonly string[];
  readonly folds: Folds<Row>;
  readonly hasOwnSql: boolean;
  upsert(rows: readonly Row[]): WriteStatement;
}

/** Declares a view: everything else (SQL, lock order, dry run, rebuild, lists in tests) follows from it. */
export function view<const K extends Table['key'], const C extends Table['columns']>(
  declaration: Declaration<K, C>,
): View {
  const { table, key, columns, folds, upsert, alsoWrites = [] } = declaration;
  // Rows are merged column by column, so a revision must still be the old one when the columns that depend on it are merged.
  const names = Object.keys(columns);
  for (const [name, { revision }] of Object.entries<Column>(columns)) {
    if (revision === undefined) continue;
    if (columns[revision]?.rule !== 'greatest' || names.indexOf(revision) < names.indexOf(name))
      throw new Error(
        `${table}.${name}: declare its revision ${revision} as a column with the rule greatest, after it`,
      );
  }
  return {
    table,
    revision: declaration.revision,
    key,
    columns,
    tables: [table, ...alsoWrites],
    folds: folds as Folds<Row>,
    hasOwnSql: upsert !== undefined,
    upsert: (upsert as View['upsert'] | undefined) ?? upsertInto(declaration),
  };
}
