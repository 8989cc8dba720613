import { inMilliseconds } from '@tallyline/contracts/fields';

/** Types of view columns, each with the type of the value that a fold gives for it. */
export interface ColumnValues {
  readonly bigint: number;
  readonly date: string;
  readonly jsonb: string;
  /** NUMERIC in the table. A fold gives whole cents, which a number holds exactly. */
  readonly money: number;
  readonly text: string;
  readonly timestamptz: string;
  readonly uuid: string;
}
export type ColumnType = keyof ColumnValues;

export type Row = Readonly<Record<string, unknown>>;

type Rule = 'adds' | 'greatest' | 'first' | 'firstKnown' | 'latest';

/**
 * How a column merges when several events touch one row. The rule exists twice: for rows of one batch in memory, and for a
 * batch's row and the stored row in SQL. Events arrive in any order, so every rule is commutative.
 */
export interface Column<R extends Rule = Rule, T extends ColumnType = ColumnType> {
  readonly rule: R;
  readonly type: T;
  /** The column's value after the rows `a` and `b` of one key are merged. */
  merge(a: Row, b: Row, name: string): unknown;
  /** The merged value as SQL over the stored row `v` and the row `EXCLUDED`. Without this function the stored value stays. */
  sql?(name: string): string;
  /** The name of the column that the rule `latest` compares. */
  readonly revision?: string;
}

/** A sum. A cancellation adds a negative number. */
export function adds<T extends 'bigint' | 'money'>(type: T): Column<'adds', T> {
  return {
    rule: 'adds',
    type,
    // Cents of many large orders exceed 2^53, so their sum is a bigint.
    merge:
      type === 'money'
        ? (a, b, name) => BigInt(a[name] as number | bigint) + BigInt(b[name] as number)
        : (a, b, name) => (a[name] as number) + (b[name] as number),
    sql: (name) => `v.${name} + EXCLUDED.${name}`,
  };
}

/** The greatest value, such as the time of the last order. A row may give null. */
export function greatest<T extends 'bigint' | 'date' | 'timestamptz'>(type: T): Column<'greatest', T> {
  // Instants have zero to nine digits after the second. Texts of different lengths would not compare like the instants.
  const comparable = (value: unknown) => (type === 'timestamptz' ? inMilliseconds(value as string) : (value as number));
  return {
    rule: 'greatest',
    type,
    merge: (a, b, name) => {
      if (a[name] === null) return b[name];
      if (b[name] === null) return a[name];
      return comparable(a[name]) >= comparable(b[name]) ? a[name] : b[name];
    },
    sql: (name) => `GREATEST(v.${name}, EXCLUDED.${name})`,
  };
}

/** The value that the row was inserted with. Use it for columns that a single event writes, or that every event writes alike. */
export function first<T extends ColumnType>(type: T): Column<'first', T> {
  return { rule: 'first', type, merge: (a, _b, name) => a[name] };
}

/** The column is null until an event gives a value, which then stays. A row may be inserted by an event without the value. */
export function firstKnown<T extends ColumnType>(type: T): Column<'firstKnown', T> {
  return {
    rule: 'firstKnown',
    type,
    merge: (a, b, name) => a[name] ?? b[name],
    sql: (name) => `COALESCE(v.${name}, EXCLUDED.${name})`,
  };
}

/**
 * The value with the greatest revision, such as a price that changes or the state of an order. `revision` names a column of
 * the same view, declared after this one, with the rule `greatest`. A row without news of the value has null in both.
 */
export function latest<T extends ColumnType>(type: T, revision: string): Column<'latest', T> {
  return {
    rule: 'latest',
    type,
    revision,
    merge: (a, b, name) => {
      const [before, after] = [a[revision] as number | null, b[revision] as number | null];
      return before === null || (after !== null && after > before) ? b[name] : a[name];
    },
    sql: (name) =>
      `CASE WHEN v.${revision} IS NULL OR EXCLUDED.${revision} > v.${revision} THEN EXCLUDED.${name} ELSE v.${name} END`,
  };
}
