import type { Queryable, Tx } from '@tallyline/chassis/postgres';

export interface DeadLetterRow {
  readonly id: string;
  readonly queue: string;
  readonly reason: string;
  /** The write side committed it: while the row stands, sync-status is not `in-sync`. */
  readonly counted: boolean;
  readonly firstSeenAt: Date;
}

export async function readDeadLetters(db: Queryable, queues: readonly string[]): Promise<Map<string, DeadLetterRow>> {
  const rows = await db.query<DeadLetterRow>({
    text: `SELECT event_id AS id, queue, reason, counted, first_seen_at AS "firstSeenAt"
             FROM dead_letters WHERE queue = ANY($1) ORDER BY first_seen_at, event_id`,
    values: [queues],
  });
  return new Map(rows.map((row) => [row.id, row]));
}

/** Which of these events the views already include. */
export async function readApplied(db: Queryable, ids: readonly string[]): Promise<Set<string>> {
  const rows = await db.query<{ id: string }>({
    text: 'SELECT event_id AS id FROM processed_events WHERE event_id = ANY($1::uuid[])',
    values: [ids],
  });
  return new Set(rows.map(({ id }) => id));
}

/** Forgets a letter that was discarded; one that the write side committed only `forGood`. True when a row went. */
export async function forgetDeadLetter(db: Queryable, id: string, forGood: boolean): Promise<boolean> {
  const rows = await db.query({
    text: 'DELETE FROM dead_letters WHERE event_id = $1 AND (NOT counted OR $2) RETURNING event_id',
    values: [id, forGood],
  });
  return rows.length > 0;
}

export interface ChangedRow {
  readonly view: string;
  /** The row as JSON text of the database's making: exact to the cent, whatever its size. */
  readonly before: string | null;
  readonly after: string | null;
}

/**
 * From here to the end of the transaction, every changed row of these tables is noted, by triggers that end with it. They
 * hold off other writers of the views meanwhile: milliseconds, and no longer than the lock timeout for the wait.
 */
export async function noteChanges(tx: Tx, tables: readonly string[]): Promise<void> {
  await tx.query({ text: "SET LOCAL lock_timeout = '5s'" });
  await tx.query({
    text: 'CREATE TEMP TABLE changed_rows (n BIGINT GENERATED ALWAYS AS IDENTITY, view TEXT, before JSONB, after JSONB) ON COMMIT DROP',
  });
  await tx.query({
    text: `CREATE FUNCTION pg_temp.note_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             INSERT INTO pg_temp.changed_rows (view, before, after) VALUES (TG_TABLE_NAME, to_jsonb(OLD), to_jsonb(NEW));
             RETURN NULL; END $$`,
  });
  for (const table of tables) {
    await tx.query({
      text: `CREATE TRIGGER note_change AFTER INSERT OR UPDATE OR DELETE ON ${table}
               FOR EACH ROW EXECUTE FUNCTION pg_temp.note_change()`,
    });
  }
}

export function readChanges(tx: Tx): Promise<ChangedRow[]> {
  return tx.query({
    text: 'SELECT view, before::text AS before, after::text AS after FROM pg_temp.changed_rows WHERE before IS DISTINCT FROM after ORDER BY n',
  });
}
