import type { Statement, Tx } from '@tallyline/chassis/postgres/pool';
import type { RequestKey } from './idempotency-key.js';

export type KeyClaim<Result> =
  /** The key is new: do the work and store its result. */
  | { readonly kind: 'new' }
  /** Another transaction is using the key. */
  | { readonly kind: 'key-running' }
  /** The key was used with another body. */
  | { readonly kind: 'key-reused' }
  /** The key was used with the same body, and the request had this result. */
  | { readonly kind: 'done'; readonly result: Result };

/**
 * Claims the keys of a group of requests until the transaction ends. The answers have the order of the requests: undefined
 * for a request without a key, and 'key-running' for the second use of a key in the group. The first statement tries an
 * advisory lock for each key and does not wait, because a key in use must not delay the group. The second statement looks for
 * stored results. Because it is sent after the locks, it sees what the last holder of a lock committed.
 */
export async function claimKeys<Result>(
  tx: Tx,
  scope: string,
  requests: readonly (RequestKey | undefined)[],
): Promise<(KeyClaim<Result> | undefined)[]> {
  const keys = [...new Set(requests.flatMap((request) => request?.key ?? []))];
  if (keys.length === 0) return requests.map(() => undefined);
  const [locks, done] = await Promise.all([
    tx.query<{ key: string; locked: boolean }>({
      name: 'lock-idempotency-keys',
      text: `SELECT key, pg_try_advisory_xact_lock(hashtextextended($1 || ' ' || key, 0)) AS locked
               FROM unnest($2::text[]) AS key`,
      values: [scope, keys],
    }),
    tx.query<{ key: string; fingerprint: Buffer; result: Result }>({
      name: 'find-idempotency-keys',
      text: 'SELECT key, fingerprint, result FROM idempotency_keys WHERE scope = $1 AND key = ANY($2::text[])',
      values: [scope, keys],
    }),
  ]);
  const locked = new Set(locks.filter((row) => row.locked).map(({ key }) => key));
  const stored = new Map(done.map((row) => [row.key, row]));
  const claimed = new Set<string>();

  return requests.map((request): KeyClaim<Result> | undefined => {
    if (request === undefined) return undefined;
    const { key, fingerprint } = request;
    const before = stored.get(key);
    if (before !== undefined) {
      return before.fingerprint.equals(fingerprint) ? { kind: 'done', result: before.result } : { kind: 'key-reused' };
    }
    if (!locked.has(key) || claimed.has(key)) return { kind: 'key-running' };
    claimed.add(key);
    return { kind: 'new' };
  });
}

export interface KeyedResult extends RequestKey {
  readonly result: unknown;
}

/** Stores the results of keys. The storage check runs this statement with no results, to see whether any could be stored. */
export function storeResults(scope: string, results: readonly KeyedResult[]): Statement {
  return {
    name: 'store-idempotency-results',
    text: `INSERT INTO idempotency_keys (scope, key, fingerprint, result)
           SELECT $1, * FROM unnest($2::text[], $3::bytea[], $4::jsonb[])`,
    values: [
      scope,
      results.map(({ key }) => key),
      results.map(({ fingerprint }) => fingerprint),
      results.map(({ result }) => JSON.stringify(result)),
    ],
  };
}
