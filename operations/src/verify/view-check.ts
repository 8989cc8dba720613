/**
 * What each view must hold, as SQL over the write side's own tables. It shares nothing with the consumer's projections:
 * a projection that errs would otherwise agree with itself. `seen_*` are made by write-side.sql.ts; there, `counted` rows
 * are those whose event the read side says it has applied.
 */
export interface ViewCheck {
  readonly view: string;
  /** How rows are ordered by `k` on both sides: as numbers, or as bytes of UTF-8 (collation "C"). */
  readonly order: 'number' | 'bytes';
  readonly have: string;
  readonly want: string;
  /** Where every row is written by one event: the fact that it tells, and the id that the row has of it. */
  readonly rowOf?: {
    readonly table: 'seen_orders' | 'seen_products';
    readonly id: 'order_id' | 'product_id';
  };
  /** Columns that one event adds to, with what each event of the row `$1` adds: names the one missing or doubled. */
  readonly contributions?: {
    readonly of: 'seen_orders' | 'seen_purchases';
    readonly columns: readonly string[];
    readonly select: string;
  };
}

/** Values as text that is the same on both sides when they are. */

/** 1.50 and 1.5 are one amount; a tenth of a cent would be seen. */
export const money = (expression: string) => `trim_scale(${expression})::text`;
export const instant = (expression: string) =>
  `to_char(${expression} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MSZ')`;
