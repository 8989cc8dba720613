import type { Statement, Tx } from '@tallyline/chassis/postgres/pool';
import type { PublishableRow } from './event-message.js';
import type { OutboxRow } from './outbox-row.js';

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
 * Takes up to `limit` unpublished rows, oldest first, that no other relay holds. Never by `id > last seen`: ids are
 * taken before commit, so a slow transaction's rows appear behind such a cursor and are lost.
 */
export function claimUnpublished(tx: Tx, limit: number): Promise<PublishableRow[]> {
  return tx.query({
    name: 'claim-unpublished',
    text: `SELECT id, topic, payload::text AS payload, traceparent, created_at AS "createdAt"
             FROM outbox
            WHERE published_at IS NULL AND (retry_at IS NULL OR retry_at <= now())
            ORDER BY id LIMIT $1
              FOR UPDATE SKIP LOCKED`,
    values: [limit],
  });
}

export function markPublished(ids: readonly string[]): Statement[] {
  if (ids.length === 0) return [];
  return [
    {
      name: 'mark-published',
      text: 'UPDATE outbox SET published_at = now(), retry_at = NULL WHERE id = ANY($1::uuid[])',
      values: [ids],
    },
  ];
}

/**
 * Leaves rows alone for `delayMs`, or for a tenth of their age up to a minute: more of them than are tried again within
 * `delayMs` would otherwise keep the relay from all that were written later.
 */
export function postpone(ids: readonly string[], delayMs: number): Statement[] {
  if (ids.length === 0) return [];
  return [
    {
      name: 'postpone',
      text: `UPDATE outbox SET retry_at = now() + LEAST(GREATEST($2 * interval '1 ms', (now() - created_at) / 10), interval '1 minute')
            WHERE id = ANY($1::uuid[])`,
      values: [ids, delayMs],
    },
  ];
}

/** Leaves rows to the relays at once. Rows that a relay had claimed are free as soon as its transaction ends: no write. */
export function endLease(ids: readonly string[]): Statement[] {
  if (ids.length === 0) return [];
  return [
    {
      name: 'end-lease',
      text: 'UPDATE outbox SET retry_at = NULL WHERE id = ANY($1::uuid[]) AND retry_at > now()',
      values: [ids],
    },
  ];
}
