import type { Statement, Tx } from '@tallyline/chassis/postgres/pool';
import type { OutboxRow } from './emit.js';
import type { PublishableRow } from './event-message.js';

const COLUMNS = 'id, topic, payload, traceparent, created_at, retry_at';
const TYPES = ['uuid', 'text', 'jsonb', 'text', 'timestamptz', 'timestamptz'];

/** SQL that stores emitted events, as the last part of a statement. Its parameters are `eventColumns`, from `$first` on. */
export function insertEventsSql(first: number): string {
  const columns = TYPES.map((type, index) => `$${first + index}::${type}[]`);
  return `INSERT INTO outbox (${COLUMNS}) SELECT * FROM unnest(${columns.join(', ')})`;
}

export function eventColumns(rows: readonly OutboxRow[]): unknown[] {
  return [
    rows.map(({ id }) => id),
    rows.map(({ topic }) => topic),
    rows.map(({ payload }) => payload),
    rows.map(({ traceparent }) => traceparent),
    rows.map(({ createdAt }) => createdAt.toISOString()),
    rows.map(({ retryAt }) => retryAt?.toISOString()),
  ];
}

/** SQL that stores one emitted event for each row of `from`. Its parameters are `eventValues`, from `$first` on. */
export function insertEventSql(first: number, from = ''): string {
  const values = TYPES.map((type, index) => `$${first + index}::${type}`);
  return `INSERT INTO outbox (${COLUMNS}) SELECT ${values.join(', ')} ${from}`;
}

export function eventValues({ id, topic, payload, traceparent, createdAt, retryAt }: OutboxRow): unknown[] {
  return [id, topic, payload, traceparent, createdAt, retryAt];
}

export function insertOutboxRow(row: OutboxRow): Statement {
  return { name: 'insert-outbox-row', text: insertEventSql(1), values: eventValues(row) };
}

/**
 * Claims up to `limit` unpublished rows, oldest first, that no other relay holds. A condition `id > last seen` would lose
 * events: ids are made before the commit, so the rows of a slow transaction appear behind such a cursor.
 */
export function claimUnpublished(tx: Tx, limit: number): Promise<PublishableRow[]> {
  return tx.query({
    name: 'claim-unpublished',
    text: `SELECT id, payload->>'eventType' AS type, topic, payload::text AS payload, traceparent, created_at AS "createdAt"
             FROM outbox
            WHERE published_at IS NULL AND (retry_at IS NULL OR retry_at <= now())
            ORDER BY id LIMIT $1
              FOR UPDATE SKIP LOCKED`,
    values: [limit],
  });
}

export function markPublished(ids: readonly string[]): Statement[] {
  return update('mark-published', 'published_at = now(), retry_at = NULL WHERE id = ANY($1::uuid[])', ids);
}

/**
 * Lets no relay claim these rows for `delayMs`, or for a tenth of their age up to a minute. Old rows wait longer, because
 * many of them would otherwise keep the relay from the rows that were written later.
 */
export function postpone(ids: readonly string[], delayMs: number): Statement[] {
  const retryAt = "now() + LEAST(GREATEST($2 * interval '1 ms', (now() - created_at) / 10), interval '1 minute')";
  return update('postpone', `retry_at = ${retryAt} WHERE id = ANY($1::uuid[])`, ids, delayMs);
}

/** Lets relays claim these rows at once. Rows that a relay had claimed need no write: its transaction ends, and they are free. */
export function endLease(ids: readonly string[]): Statement[] {
  return update('end-lease', 'retry_at = NULL WHERE id = ANY($1::uuid[]) AND retry_at > now()', ids);
}

function update(name: string, change: string, ids: readonly string[], ...more: readonly unknown[]): Statement[] {
  return ids.length === 0 ? [] : [{ name, text: `UPDATE outbox SET ${change}`, values: [ids, ...more] }];
}
