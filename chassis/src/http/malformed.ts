import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Express } from 'express';
import { type ProblemDetails, problemBody } from './problem.js';

const HANG_UP_AFTER_MS = 1_000;

/** Answers by the parser's error code; any other code gives a 400. */
const REFUSALS: Readonly<Record<string, ProblemDetails>> = {
  HPE_HEADER_OVERFLOW: {
    slug: 'headers-too-large',
    status: 431,
    detail: 'the headers are larger than 16 kB',
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    slug: 'request-timeout',
    status: 408,
    detail: 'the request did not arrive in time',
  },
};
const MALFORMED = { slug: 'malformed-http', status: 400, detail: 'the request is not HTTP/1.1' };

const TUNNEL = {
  slug: 'method-not-allowed',
  status: 405,
  detail: 'CONNECT is not possible here: this is not a proxy',
};

/** Answers bytes that the HTTP parser refuses with a problem, like any other error, and closes the connection. */
export function refuseMalformed(error: Error & { code?: string }, socket: Socket, app: Express): void {
  refuse(REFUSALS[error.code ?? ''] ?? MALFORMED, socket, app);
}

/** Answers a CONNECT, for which Node emits no request and would close the connection without an answer. */
export function refuseTunnel(socket: Socket, app: Express): void {
  socket.on('error', () => socket.destroy());
  refuse(TUNNEL, socket, app);
}

function refuse(details: ProblemDetails, socket: Socket, app: Express): void {
  const body = JSON.stringify(problemBody(details, '*', app));
  const head = [
    `HTTP/1.1 ${details.status} ${STATUS_CODES[details.status]}`,
    'content-type: application/problem+json; charset=utf-8',
    'connection: close',
  ];
  socket.end([...head, `content-length: ${Buffer.byteLength(body)}`, '', body].join('\r\n'));
  // Without this, a client that never closes its end would keep the connection open.
  setTimeout(() => socket.destroy(), HANG_UP_AFTER_MS).unref();
}
