import { tryLongLock } from '@tallyline/chassis/postgres/advisory-lock.sql';
import type { Queryable, Tx } from '@tallyline/chassis/postgres/pool';
import { UUID } from '../inbox/decode.js';

export interface DeadLetterRow {
  readonly id: string;
  readonly queue: string;
  readonly reason: string;
  /** The write side committed it: until it is applied or forgotten, sync-status is not `in-sync`. */
  readonly counted: boolean;
  readonly firstSeenAt: Date;
}

/** False while another command runs: what that one looks at, the broker keeps from others, to whom it would be gone. */
export function takeCommandLock(tx: Tx): Promise<boolean> {
  return tryLongLock(tx, 'dead-letters');
}

const columns = 'event_id AS id, queue, reason, counted, first_seen_at AS "firstSeenAt"';

/** What is recorded of these; an id that is none is of nothing. */
export async function readDeadLetters(
  db: Queryable,
  queues: readonly string[],
  ids: readonly string[],
): Promise<Map<string, DeadLetterRow>> {
  const rows = await db.query<DeadLetterRow>({
    text: `SELECT ${columns} FROM dead_letters WHERE queue = ANY($1) AND event_id = ANY($2::uuid[])`,
    values: [queues, ids.filter((id) => UUID.test(id))],
  });
  return new Map(rows.map((row) => [row.id, row]));
}

/** A few MB. */
const PAGE_SIZE = 5_000;

/** What was set aside before that time and is not forgotten, by id: pages and no cursor, because a reader may take hours. */
export async function* recordedBefore(
  db: Queryable,
  queues: readonly string[],
  time: Date,
): AsyncGenerator<DeadLetterRow[]> {
  for (let last: string | undefined; ; ) {
    const rows = await db.query<DeadLetterRow>({
      text: `SELECT ${columns} FROM dead_letters
              WHERE queue = ANY($1) AND NOT forgotten AND first_seen_at < $2 AND ($3::uuid IS NULL OR event_id > $3)
              ORDER BY event_id LIMIT ${PAGE_SIZE}`,
      values: [queues, time, last],
    });
    yield rows;
    last = rows.at(-1)?.id;
    if (rows.length < PAGE_SIZE) return;
  }
}

/** Which of these events the views already include. */
export async function readApplied(db: Queryable, ids: readonly string[]): Promise<Set<string>> {
  const rows = await db.query<{ id: string }>({
    text: 'SELECT event_id AS id FROM processed_events WHERE event_id = ANY($1::uuid[])',
    values: [ids],
  });
  return new Set(rows.map(({ id }) => id));
}

/**
 * Forgets a letter that was discarded; one that the write side committed only `forGood`, and its row stays: it says that
 * the ledger has counted the event. True when there is nothing left to remember.
 */
export async function forgetDeadLetter(db: Queryable, id: string, forGood: boolean): Promise<boolean> {
  const rows = await db.query({
    text: `WITH gone AS (DELETE FROM dead_letters WHERE event_id = $1 AND NOT counted RETURNING event_id),
                forgotten AS (
                  UPDATE dead_letters SET forgotten = true
                   WHERE event_id = $1 AND counted AND (forgotten OR $2) RETURNING event_id)
           SELECT event_id FROM gone UNION ALL SELECT event_id FROM forgotten`,
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
    name: 'changed-rows',
    text: 'SELECT view, before::text AS before, after::text AS after FROM pg_temp.changed_rows WHERE before IS DISTINCT FROM after ORDER BY n',
  });
}
