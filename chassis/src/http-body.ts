import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import express, { type RequestHandler } from 'express';
import { Problem } from './problem.js';

/** 100 order lines take 8 kB; a body beyond this is not an order. */
const MAX_BODY_BYTES = 64 * 1024;

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
    throw new Problem({ slug: 'too-large', status: 413, detail: `the body is larger than ${MAX_BODY_BYTES} bytes` });
  }
  next();
};

/** RFC 8259, section 8.1. Read with a replacement for what is no text, two names become one. */
function requireUtf8(_request: IncomingMessage, _response: ServerResponse, body: Buffer, encoding: string): void {
  if (encoding !== 'utf-8') {
    throw new Problem({ slug: 'unsupported-media-type', status: 415, detail: 'the body must be JSON in UTF-8' });
  }
  if (isUtf8(body)) return;
  const errors = [{ pointer: '#', detail: 'holds bytes that are not UTF-8' }];
  throw new Problem({ slug: 'malformed-json', status: 400, detail: 'the body is not JSON in UTF-8', errors });
}

/** Reads a body as JSON in UTF-8, or refuses it. */
export const jsonBody: RequestHandler[] = [
  requireJson,
  refuseTooLarge,
  express.json({ type: () => true, limit: MAX_BODY_BYTES, inflate: true, strict: false, verify: requireUtf8 }),
];
