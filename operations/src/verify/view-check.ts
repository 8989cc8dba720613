/**
 * The correct content of a view, as SQL over the tables of the write side. It shares no code with the consumer's
 * projections, because a faulty projection would then agree with itself. write-side.sql.ts creates the tables `seen_*`;
 * their rows with `is_applied` are those whose event the read side has applied.
 */
export interface ViewCheck {
  readonly view: string;
  /** The view whose history decides whether this table is compared, if that is another one. */
  readonly filledWith?: string;
  /** How both sides sort by `k`: as numbers, or as UTF-8 bytes (collation "C"). */
  readonly order: 'number' | 'bytes';
  /** Reads the view's rows from the read database. */
  readonly have: string;
  /** Computes the correct rows in the write database. */
  readonly want: string;
  /** For a view with one event per row: the table of facts and the column that has the row's key. */
  readonly rowOf?: {
    readonly table: 'seen_orders' | 'seen_products';
    readonly id: 'order_id' | 'product_id';
  };
  /** For a view of sums: the columns, and a query for what each event adds to the row `$1`. */
  readonly contributions?: {
    readonly of: 'seen_orders' | 'seen_purchases';
    readonly columns: readonly string[];
    readonly select: string;
  };
}

/** SQL for an amount as canonical text: 1.50 and 1.5 become equal. */
export const money = (expression: string) => `trim_scale(${expression})::text`;
export const instant = (expression: string) =>
  `to_char(${expression} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MSZ')`;
