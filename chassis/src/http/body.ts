import { isUtf8 } from 'node:buffer';
import type { IncomingMessage, ServerResponse } from 'node:http';
import express, { type RequestHandler } from 'express';
import { findDuplicateKey } from './duplicate-keys.js';
import { Problem, type ProblemDetails } from './problem.js';
import { invalidInput, jsonPointer } from './validation.js';

/** The limit is eight times the largest legitimate body. */
const MAX_BODY_BYTES = 64 * 1024;

const tooLarge = { slug: 'too-large', status: 413, detail: `the body is larger than ${MAX_BODY_BYTES} bytes` };

const unsupported = (detail: string): ProblemDetails => ({ slug: 'unsupported-media-type', status: 415, detail });

const malformed = (detail: string): ProblemDetails => {
  return { slug: 'malformed-json', status: 400, detail: 'the body is not JSON', errors: [{ pointer: '#', detail }] };
};

/** Describes an error of body-parser; undefined for any other error. */
export function bodyProblem(error: unknown): ProblemDetails | undefined {
  const { type } = error as { type?: string };
  if (type === 'entity.too.large') return tooLarge;
  if (type === 'encoding.unsupported') return unsupported('send the body with content-encoding gzip, or none');
  return undefined;
}

/** A request without a length has an empty body (RFC 9112, section 6.3), but Express would ignore its content type. */
const setMissingLength: RequestHandler = (request, _response, next) => {
  if (request.headers['transfer-encoding'] === undefined) request.headers['content-length'] ??= '0';
  next();
};

const CHARSET = /;\s*charset\s*=\s*"?([^";\s]*)/i;
/** `utf8` is not a registered name, but many clients send it. */
const UTF8 = /^utf-?8$/i;

const requireJson: RequestHandler = (request, _response, next) => {
  if (!request.is('application/json')) {
    throw new Problem(unsupported('the body must be JSON: send it with content-type application/json'));
  }
  const charset = CHARSET.exec(request.headers['content-type'] ?? '')?.[1];
  if (charset !== undefined && !UTF8.test(charset)) throw new Problem(unsupported('the body must be JSON in UTF-8'));
  next();
};

/** Refuses a large body by its announced length; the parser would read all of it first. */
const refuseTooLarge: RequestHandler = (request, _response, next) => {
  if (Number(request.headers['content-length']) > MAX_BODY_BYTES) {
    throw new Problem(tooLarge);
  }
  next();
};

/**
 * Requests whose client waits before it sends the body (`Expect: 100-continue`, RFC 9110, section 10.1.1). The service
 * asks for the body only after it has accepted the headers; Node alone would ask at once.
 */
const held = new WeakSet<IncomingMessage>();

/**
 * Marks a request whose client waits for 100 Continue before it sends the body. If the request is answered before
 * that, the connection closes, because the body may still arrive.
 */
export function holdBody(request: IncomingMessage, response: ServerResponse): void {
  held.add(request);
  response.setHeader('connection', 'close');
}

/** Sends 100 Continue to a client that waits for it. */
function askForBody(request: IncomingMessage, response: ServerResponse): void {
  if (!held.delete(request)) return;
  response.removeHeader('connection');
  response.writeContinue();
}

const awaitBody: RequestHandler = (request, response, next) => {
  askForBody(request, response);
  next();
};

/** Accepts UTF-8 with or without byte order mark (RFC 8259, section 8.1). Replacing invalid bytes could merge two names. */
const parseJson: RequestHandler = (request, _response, next) => {
  const bytes: unknown = request.body;
  if (!Buffer.isBuffer(bytes)) throw new Error('no middleware has read the body');
  if (!isUtf8(bytes)) throw new Problem(malformed('holds bytes that are not UTF-8'));
  const text = bytes.toString().replace(/^\ufeff/, '');
  request.body = parse(text);
  const duplicate = findDuplicateKey(text);
  if (duplicate !== undefined) {
    throw invalidInput([{ pointer: jsonPointer(duplicate), detail: 'is there more than once' }]);
  }
  next();
};

/** Treats an empty body as an object, so that the answer names each missing field. */
function parse(text: string): unknown {
  try {
    return text === '' ? {} : JSON.parse(text);
  } catch {
    throw new Problem(malformed('is not JSON'));
  }
}

/** Reads a body as JSON in UTF-8 or refuses it. */
export const jsonBody: RequestHandler[] = [
  setMissingLength,
  requireJson,
  refuseTooLarge,
  awaitBody,
  express.raw({ type: () => true, limit: MAX_BODY_BYTES, inflate: true }),
  parseJson,
];
