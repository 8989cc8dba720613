import type { Statement, Tx } from '@tallyline/chassis/postgres/pool';
import type { RequestKey } from './idempotency-key.js';

export type KeyClaim<Result> =
  /** Nobody has used it: do the work and store the result. */
  | { readonly kind: 'new' }
  /** Another transaction holds it. */
  | { readonly kind: 'key-running' }
  /** It belongs to another body. */
  | { readonly kind: 'key-reused' }
  /** The work is done; this was its result. */
  | { readonly kind: 'done'; readonly result: Result };

/**
 * Claims keys for this transaction, in the order given; a key that appears twice is running the second time, and who has
 * none claims none. An advisory lock that is tried, not awaited, tells a key in use from a free one without holding up the
 * group; it ends with the transaction. The lookup is a statement of its own, behind the locks, so that it sees what they
 * waited for.
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

export function storeResults(
  scope: string,
  results: readonly (RequestKey & { readonly result: unknown })[],
): Statement[] {
  return results.length === 0 ? [] : [resultsStatement(scope, results)];
}

/** Of no results, it shows that results could be stored. */
export function resultsStatement(
  scope: string,
  results: readonly (RequestKey & { readonly result: unknown })[],
): Statement {
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
