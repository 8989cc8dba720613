import { createHash } from 'node:crypto';
import { Problem } from '@tallyline/chassis/http/problem';
import { CONSISTENCY_TOKEN } from '@tallyline/contracts/consistency';
import { z } from 'zod';

/** The idempotency key of a request. */
export interface RequestKey {
  readonly key: string;
  /** Shows whether a later request with this key has the same body. */
  readonly fingerprint: Buffer;
}

/** A key as a field of the body. */
export const idempotencyKey = z.string().regex(/^[\x21\x23-\x7e]{1,255}$/, 'must be 1 to 255 visible ASCII characters');

/**
 * The request header Idempotency-Key (IETF draft-ietf-httpapi-idempotency-key-header-07): a quoted string, as in the draft,
 * or the bare text that most clients send.
 */
export const idempotencyHeaders = z.object({
  'idempotency-key': z
    .string()
    .regex(/^(?:"[\x20\x21\x23-\x7e]{1,255}"|[\x21\x23-\x7e]{1,255})$/, 'must be 1 to 255 visible ASCII characters')
    .transform((value) => value.replace(/^"(.*)"$/, '$1'))
    .optional()
    .meta({
      description:
        'A repeated request with the same key gets the first answer again, also if that was a refusal for price or stock. ' +
        'Keys are kept for IDEMPOTENCY_RETENTION_HOURS (48 by default), and those of purchases for ever',
    }),
});

/** The fingerprint is made from the parsed body, so white space and the order of its fields do not matter. */
export function requestKey(key: string | undefined, body: unknown): RequestKey | undefined {
  if (key === undefined) return undefined;
  return { key, fingerprint: createHash('sha256').update(JSON.stringify(body)).digest() };
}

const REPLAYED = 'idempotent-replayed';
const replayed = z
  .literal('true')
  .optional()
  .meta({ description: 'The answer to an earlier request with the same key' });

/** Marks the answer to an earlier request with the same key. */
export const REPLAYED_HEADER = { [REPLAYED]: 'true' };

/** Headers of the answer to a write. */
export const writtenHeaders = z.object({
  [CONSISTENCY_TOKEN]: z.string().meta({
    description: 'Send it with a GET to query-service, and the answer will include this write',
  }),
  [REPLAYED]: replayed,
});

/** Headers of a 409 from routes where another request may be using the key. */
export const keyInUseHeaders = z.object({
  'retry-after': z
    .string()
    .optional()
    .meta({ description: 'Seconds after which to repeat the request, if its key is in use' }),
});

/** Headers of a 409 from routes that also store refusals with their key, and answer them again. */
export const keptRefusalHeaders = keyInUseHeaders.extend({ [REPLAYED]: replayed });

export type KeyConflict = 'key-running' | 'key-reused';

export function keyProblem(conflict: KeyConflict): Problem {
  if (conflict === 'key-running') {
    return new Problem({
      slug: conflict,
      status: 409,
      detail: 'the first request with this Idempotency-Key is still running; ask again in a moment',
      headers: { 'retry-after': '1' },
    });
  }
  return new Problem({
    slug: conflict,
    status: 422,
    detail: 'this Idempotency-Key was used with another body; use a new key for a new request',
    errors: [{ header: 'idempotency-key', detail: 'belongs to another body' }],
  });
}
