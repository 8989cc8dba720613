import type { Tx } from '@tallyline/chassis/postgres/pool';

export interface ChangedRow {
  readonly view: string;
  /** The row as JSON text that the database made, so that large amounts stay exact. */
  readonly before: string | null;
  readonly after: string | null;
}

/**
 * Adds triggers that record every change of a row of these tables, and that end with the transaction. Until then, other
 * writers of the views wait, which takes milliseconds.
 */
export async function recordChanges(tx: Tx, tables: readonly string[]): Promise<void> {
  await tx.query({ text: "SET LOCAL lock_timeout = '5s'" });
  await tx.query({
    text: 'CREATE TEMP TABLE changed_rows (n BIGINT GENERATED ALWAYS AS IDENTITY, view TEXT, before JSONB, after JSONB) ON COMMIT DROP',
  });
  await tx.query({
    text: `CREATE FUNCTION pg_temp.record_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             INSERT INTO pg_temp.changed_rows (view, before, after) VALUES (TG_TABLE_NAME, to_jsonb(OLD), to_jsonb(NEW));
             RETURN NULL; END $$`,
  });
  for (const table of tables) {
    await tx.query({
      text: `CREATE TRIGGER record_change AFTER INSERT OR UPDATE OR DELETE ON ${table}
               FOR EACH ROW EXECUTE FUNCTION pg_temp.record_change()`,
    });
  }
}

export function readChanges(tx: Tx): Promise<ChangedRow[]> {
  return tx.query({
    name: 'changed-rows',
    text: 'SELECT view, before::text AS before, after::text AS after FROM pg_temp.changed_rows WHERE before IS DISTINCT FROM after ORDER BY n',
  });
}
