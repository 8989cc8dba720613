import type { Statement, Tx } from '@tallyline/chassis/postgres/pool';
import type { PublishableRow } from './event-message.js';
import type { OutboxRow } from './outbox-row.js';

export function insertOutboxRow(row: OutboxRow): Statement {
  return {
    name: 'insert-outbox-row',
    text: `INSERT INTO outbox (id, topic, payload, traceparent, created_at, retry_at) VALUES ($1, $2, $3, $4, $5, $6)`,
    values: [row.id, row.topic, row.payload, row.traceparent, row.createdAt, row.retryAt],
  };
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
