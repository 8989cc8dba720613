import { parseInput } from '@tallyline/chassis/http/validation';
import { CONSISTENCY_STATUS, CONSISTENCY_TOKEN, consistencyStates } from '@tallyline/contracts/consistency';
import type { RequestHandler } from 'express';
import { z } from 'zod';
import type { AwaitEvents } from './await-events.js';

const MAX_TOKENS = 10;
const DEFAULT_WAIT_SECONDS = 2;
const MAX_WAIT_SECONDS = 10;

const NO_TOKEN = 'must be a token that a POST answered';

/** A client that has written more than once sends several tokens. Empty list elements are ignored (RFC 9110, 5.6.1.2). */
const headers = z.object({
  [CONSISTENCY_TOKEN]: z
    .string()
    .transform((value) => value.split(',').map((token) => token.trim().toLowerCase()))
    .transform((tokens) => [...new Set(tokens.filter((token) => token !== ''))])
    .pipe(z.array(z.guid(NO_TOKEN)).min(1, NO_TOKEN).max(MAX_TOKENS)),
});

/** The documentation of both request headers, which are optional on every call. */
export const consistencyHeaders = z.object({
  [CONSISTENCY_TOKEN]: z
    .string()
    .optional()
    .meta({
      description:
        `The token of a POST, or up to ${MAX_TOKENS} separated by commas. The answer waits until the views include those ` +
        'writes or the time is over; Consistency-Status says whether it includes them',
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
  [CONSISTENCY_STATUS]: z
    .enum(consistencyStates)
    .optional()
    .meta({
      description:
        'When the call had a token: whether this answer includes that write. pending: not yet. set-aside: a dead letter. ' +
        'parked: newer than consumer-service, which must be upgraded',
    }),
});

/**
 * Makes a GET with a Consistency-Token wait until the views include that write, for the seconds of `Prefer: wait=N` (RFC 7240)
 * at most. The GET is answered in any case; `Consistency-Status` says whether its answer includes the write.
 */
export function consistencyOnRequest(awaitEvents: AwaitEvents): RequestHandler {
  return async (request, response, next) => {
    if (request.headers[CONSISTENCY_TOKEN] === undefined) return next();
    const tokens = parseInput(headers, request.headers, 'header')[CONSISTENCY_TOKEN];
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    const state = await awaitEvents(tokens, waitMs(request.get('prefer')), gone.signal);
    // The stream's handler waits for the response to close, which has already happened here.
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
