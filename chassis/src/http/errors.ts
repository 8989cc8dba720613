import type { ErrorRequestHandler } from 'express';
import { Overloaded } from '../batching/group-commit.js';
import { classify, TransactionError } from '../postgres/errors.js';
import type { Logger } from '../process/logger.js';
import { bodyProblem } from './body.js';
import { Problem, type ProblemDetails, problemBody } from './problem.js';
import { sendJson } from './route.js';

const RETRY_AFTER_SECONDS = 2;

const unavailable: ProblemDetails = {
  slug: 'unavailable',
  status: 503,
  detail: 'the service cannot reach its database right now; nothing is half done; try again',
  headers: { 'retry-after': String(RETRY_AFTER_SECONDS) },
};

const overloaded: ProblemDetails = {
  slug: 'overloaded',
  status: 503,
  detail: 'too many requests are waiting; nothing was stored; try again',
  headers: { 'retry-after': '1' },
};

const outcomeUnknown: ProblemDetails = {
  slug: 'outcome-unknown',
  status: 503,
  detail:
    'the database went away before it said whether this was stored: repeat the request with the same Idempotency-Key, ' +
    'which stores it once; if it had none, look first',
  headers: { 'retry-after': String(RETRY_AFTER_SECONDS) },
};

const internal: ProblemDetails = { slug: 'internal', status: 500, detail: 'something went wrong on our side' };

/** Turns every error into an answer. A 5xx says nothing about its cause; the log has it. */
export function errorHandler(log: Logger): ErrorRequestHandler {
  return (error, request, response, _next) => {
    const details = detailsOf(error);
    if (details.status >= 500) {
      const level = details.status === 503 ? 'warn' : 'error';
      log[level]({ err: error, method: request.method, path: request.path }, 'request failed');
    }
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const body = problemBody(details, request.path, request.app);
    sendJson(response, details.status, body, details.headers, 'application/problem+json; charset=utf-8');
  };
}

function detailsOf(error: unknown): ProblemDetails {
  if (error instanceof Problem) return error.details;
  const ofRequest = bodyProblem(error) ?? requestProblem(error);
  if (ofRequest !== undefined) return ofRequest;
  if (error instanceof Overloaded) return overloaded;
  if (error instanceof TransactionError && error.outcomeUnknown) return outcomeUnknown;
  const failure = classify(error);
  return failure === 'unavailable' || failure === 'contention' ? unavailable : internal;
}

/** The router and the body parser mark errors of the client with a `status` of 4xx. */
function requestProblem(error: unknown): ProblemDetails | undefined {
  if (!(error instanceof Error)) return undefined;
  const { status } = error as Error & { status?: number };
  if (status !== undefined && status >= 400 && status < 500) {
    return { slug: 'bad-request', status: 400, detail: 'the request could not be read' };
  }
  return undefined;
}
