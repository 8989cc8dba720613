import { createHash } from 'node:crypto';
import { Problem } from '@tallyline/chassis/http/problem';
import { CONSISTENCY_TOKEN } from '@tallyline/contracts/consistency';
import { z } from 'zod';

/** A request that may be sent again: its key, and a fingerprint that tells whether it is the same request. */
export interface RequestKey {
  readonly key: string;
  readonly fingerprint: Buffer;
}

/** A key in a body, where a sender puts it there. */
export const idempotencyKey = z.string().regex(/^[\x21\x23-\x7e]{1,255}$/, 'must be 1 to 255 visible ASCII characters');

/**
 * The Idempotency-Key request header (IETF draft-ietf-httpapi-idempotency-key-header-07): a quoted string, as the draft
 * has it, or the bare text that most clients send; 1 to 255 visible ASCII characters.
 */
export const idempotencyHeaders = z.object({
  'idempotency-key': z
    .string()
    .regex(/^(?:"[\x20\x21\x23-\x7e]{1,255}"|[\x21\x23-\x7e]{1,255})$/, 'must be 1 to 255 visible ASCII characters')
    .transform((value) => value.replace(/^"(.*)"$/, '$1'))
    .optional()
    .meta({
      description:
        'Send the same key with a repeated request to get the first answer again, a refusal for price or stock included. ' +
        'Kept for IDEMPOTENCY_RETENTION_HOURS, 48 unless set; with purchases for ever',
    }),
});

/** Same body, same fingerprint, however it was spelled: it is taken of the parsed body, whose fields have one order. */
export function requestKey(key: string | undefined, body: unknown): RequestKey | undefined {
  if (key === undefined) return undefined;
  return { key, fingerprint: createHash('sha256').update(JSON.stringify(body)).digest() };
}

const REPLAYED = 'idempotent-replayed';
const replayed = z.literal('true').optional().meta({ description: 'This answer was given before' });

/** Marks an answer that was given before. */
export const REPLAYED_HEADER = { [REPLAYED]: 'true' };

/** What the answer to a write has besides its body. */
export const writtenHeaders = z.object({
  [CONSISTENCY_TOKEN]: z.string().meta({
    description: 'Sent with a GET to query-service, its answer waits for this write',
  }),
  [REPLAYED]: replayed,
});

/** What a 409 has where keys are in use for a while. */
export const keyInUseHeaders = z.object({
  'retry-after': z.string().optional().meta({ description: 'In seconds, while the key is in use' }),
});

/** What it has where refusals are kept with their key, too. */
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
