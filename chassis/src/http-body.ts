import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import express, { type RequestHandler } from 'express';
import { Problem, type ProblemDetails } from './problem.js';

/** 100 order lines take 8 kB; a body beyond this is not an order. */
const MAX_BODY_BYTES = 64 * 1024;

const tooLarge = { slug: 'too-large', status: 413, detail: `the body is larger than ${MAX_BODY_BYTES} bytes` };

const notUtf8 = { slug: 'unsupported-media-type', status: 415, detail: 'the body must be JSON in UTF-8' };

const malformed = (detail: string): ProblemDetails => {
  return { slug: 'malformed-json', status: 400, detail: 'the body is not JSON', errors: [{ pointer: '#', detail }] };
};

/** What body-parser says by `type` and `status`, or undefined when it is something else. */
export function bodyProblem(error: unknown): ProblemDetails | undefined {
  const { type, status } = error as { type?: string; status?: number };
  if (type === 'entity.parse.failed') return malformed('is not JSON');
  if (type === 'entity.too.large') return tooLarge;
  if (type === 'encoding.unsupported')
    return { ...notUtf8, detail: 'send the body with content-encoding gzip, or none' };
  return status === 415 ? notUtf8 : undefined;
}

/** RFC 9112, section 6.3: who tells no length sends a body of none. Express takes it for one that can have no type. */
const tellLength: RequestHandler = (request, _response, next) => {
  if (request.headers['transfer-encoding'] === undefined) request.headers['content-length'] ??= '0';
  next();
};

const requireJson: RequestHandler = (request, _response, next) => {
  if (!request.is('application/json')) {
    throw new Problem({
      slug: 'unsupported-media-type',
      status: 415,
      detail: 'the body must be JSON: send it with content-type application/json',
    });
  }
  next();
};

/** At once, where the parser would read 300 MB first; what the client goes on sending is thrown away. */
const refuseTooLarge: RequestHandler = (request, _response, next) => {
  if (Number(request.headers['content-length']) > MAX_BODY_BYTES) {
    throw new Problem(tooLarge);
  }
  next();
};

/** RFC 8259, section 8.1. Read with a replacement for what is no text, two names become one. */
function requireUtf8(_request: IncomingMessage, _response: ServerResponse, body: Buffer, encoding: string): void {
  if (encoding !== 'utf-8') throw new Problem(notUtf8);
  if (!isUtf8(body)) throw new Problem(malformed('holds bytes that are not UTF-8'));
}

/** Reads a body as JSON in UTF-8, or refuses it. */
export const jsonBody: RequestHandler[] = [
  tellLength,
  requireJson,
  refuseTooLarge,
  express.json({ type: () => true, limit: MAX_BODY_BYTES, inflate: true, strict: false, verify: requireUtf8 }),
];
