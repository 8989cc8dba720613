import { connect } from 'node:net';
import { answer, readInput } from '../load-process.js';

export interface HttpLoad {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly connections: number;
  readonly durationMs: number;
  /** `{n}` in a body becomes a number of 12 digits that no other request has, from `first` on. */
  readonly requests: readonly { readonly path: string; readonly body?: string }[];
  readonly first?: number;
}

export interface HttpLoadAnswer {
  readonly requestsPerSecond: number;
  readonly failures: number;
}

const END_OF_HEADERS = Buffer.from('\r\n\r\n');
const CONTENT_LENGTH = /\r\ncontent-length: *(\d+)/i;

/**
 * One request at a time per connection, on requests rendered before the clock starts: 50 µs of processor time a request,
 * on the very cores that are measured. A general client would take more of them than the services have left.
 */
const { url, method, connections, durationMs, requests, first = 0 } = readInput<HttpLoad>();
const { hostname, port, host } = new URL(url);
const DIGITS = 12;
const rendered = requests.map(({ path, body = '' }) => {
  const bytes = Buffer.byteLength(body.replaceAll('{n}', ''.padStart(DIGITS)));
  const length = body === '' ? '' : `content-type: application/json\r\ncontent-length: ${bytes}\r\n`;
  const text = `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\n${length}\r\n${body}`;
  return body.includes('{n}') ? text : Buffer.from(text);
});
let unique = first;
function ready(request: string | Buffer): string | Buffer {
  if (typeof request !== 'string') return request;
  unique += 1;
  return request.replaceAll('{n}', String(unique).padStart(DIGITS, '0'));
}

let succeeded = 0;
let failures = 0;
const startedAt = performance.now();
const isOver = () => performance.now() - startedAt >= durationMs;

/** Resolves when the time is over and the last answer is in. Connections start at different requests, not in step. */
function drive(index: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let next = Math.floor((index / connections) * rendered.length);
    let received: Buffer = Buffer.alloc(0);
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    const send = () => {
      if (isOver()) return socket.end(resolve);
      socket.write(ready(rendered[next % rendered.length] as Buffer));
      next += 1;
    };
    socket.on('connect', send);
    socket.on('error', reject);
    socket.on('data', (chunk) => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      const length = lengthOfAnswer(received);
      if (length === undefined || received.length < length) return;
      // "HTTP/1.1 2": the first digit of the status tells success.
      if (received[9] !== 0x32) failures += 1;
      else if (!isOver()) succeeded += 1;
      received = received.subarray(length);
      send();
    });
  });
}

function lengthOfAnswer(received: Buffer): number | undefined {
  const end = received.indexOf(END_OF_HEADERS);
  if (end < 0) return undefined;
  const contentLength = CONTENT_LENGTH.exec(received.toString('latin1', 0, end))?.[1] ?? '0';
  return end + END_OF_HEADERS.length + Number(contentLength);
}

await Promise.all(Array.from({ length: connections }, (_, index) => drive(index)));
answer({ requestsPerSecond: succeeded / (durationMs / 1000), failures } satisfies HttpLoadAnswer);
