import { parseInput } from '@tallyline/chassis/http/validation';
import { CONSISTENCY_STATUS, CONSISTENCY_TOKEN, consistencyStates } from '@tallyline/contracts/consistency';
import type { RequestHandler } from 'express';
import { z } from 'zod';
import type { AwaitEvents } from './await-events.js';

const MAX_TOKENS = 10;
const DEFAULT_WAIT_SECONDS = 2;
const MAX_WAIT_SECONDS = 10;

const NO_TOKEN = 'must be a token that a POST answered';

/**
 * One token, or several separated by commas, as a client that has written more than once sends them. Where nothing is
 * between commas there is no element (RFC 9110, section 5.6.1.2).
 */
const headers = z.object({
  [CONSISTENCY_TOKEN]: z
    .string()
    .transform((value) => value.split(',').map((token) => token.trim().toLowerCase()))
    .transform((tokens) => [...new Set(tokens.filter((token) => token !== ''))])
    .pipe(z.array(z.guid(NO_TOKEN)).min(1, NO_TOKEN).max(MAX_TOKENS)),
});

/** The same for the documentation: both are optional on every call. */
export const consistencyHeaders = z.object({
  [CONSISTENCY_TOKEN]: z
    .string()
    .optional()
    .meta({
      description:
        `The token of a POST, or up to ${MAX_TOKENS} with commas: the answer waits for it, is given either way, and says in ` +
        'Consistency-Status if it includes it',
    }),
  prefer: z
    .string()
    .optional()
    .meta({
      description:
        `How long to wait for the token, in seconds: wait=0 to wait=${MAX_WAIT_SECONDS}; ` +
        `${DEFAULT_WAIT_SECONDS} when left out`,
      example: 'wait=5',
    }),
});

export const consistencyAnswerHeaders = z.object({
  [CONSISTENCY_STATUS]: z.enum(consistencyStates).optional().meta({
    description: 'To a call with a token: whether this answer includes that write',
  }),
});

/**
 * A GET that sends a Consistency-Token waits until that write is in the views, for `Prefer: wait=N` seconds (RFC 7240)
 * or 2, at most 10, and says in `Consistency-Status` whether its answer includes it. It is answered either way.
 */
export function consistencyOnRequest(awaitEvents: AwaitEvents): RequestHandler {
  return async (request, response, next) => {
    if (request.headers[CONSISTENCY_TOKEN] === undefined) return next();
    const tokens = parseInput(headers, request.headers, 'header')[CONSISTENCY_TOKEN];
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    const state = await awaitEvents(tokens, waitMs(request.get('prefer')), gone.signal);
    // A handler that waits for its response to close would wait for what has been.
    if (gone.signal.aborted) return;
    response.setHeader(CONSISTENCY_STATUS, state);
    response.locals.hasAwaited = true;
    next();
  };
}

function waitMs(prefer: string | undefined): number {
  const seconds = Number(/(?:^|[,;\s])wait\s*=\s*"?(\d{1,6})"?/i.exec(prefer ?? '')?.[1] ?? DEFAULT_WAIT_SECONDS);
  return Math.min(seconds, MAX_WAIT_SECONDS) * 1000;
}
