import { answer, readInput } from '../load-process.js';
import { connectHttp, renderRequest } from './http-connection.js';

export interface HttpLoad {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly connections: number;
  readonly durationMs: number;
  /** `{n}` in a body is replaced by a number of 12 digits, which is unique and begins at `first`. */
  readonly requests: readonly { readonly path: string; readonly body?: string }[];
  readonly first?: number;
}

export interface HttpLoadAnswer {
  readonly requestsPerSecond: number;
  readonly failures: number;
}

/** Sends one request at a time on each connection. The requests are rendered before the clock starts. */
const { url, method, connections, durationMs, requests, first = 0 } = readInput<HttpLoad>();
const PLACEHOLDER = '{0123456789}';
const rendered = requests.map(({ path, body = '' }) => {
  // The placeholder is as long as the number, so that the content length is right.
  const text = renderRequest(url, method, path, {}, body.replaceAll('{n}', PLACEHOLDER));
  return body.includes('{n}') ? text : Buffer.from(text);
});
let unique = first;
function ready(request: string | Buffer): string | Buffer {
  if (typeof request !== 'string') return request;
  unique += 1;
  return request.replaceAll(PLACEHOLDER, String(unique).padStart(PLACEHOLDER.length, '0'));
}

let succeeded = 0;
let failures = 0;
const startedAt = performance.now();
const isOver = () => performance.now() - startedAt >= durationMs;

/** Resolves after the last answer. Each connection starts at another request, so that they do not run in step. */
async function drive(index: number): Promise<void> {
  const connection = await connectHttp(url);
  for (let next = Math.floor((index / connections) * rendered.length); !isOver(); next += 1) {
    const { status } = await connection.exchange(ready(rendered[next % rendered.length] as Buffer));
    if (status >= 300) failures += 1;
    else if (!isOver()) succeeded += 1;
  }
  connection.close();
}

await Promise.all(Array.from({ length: connections }, (_, index) => drive(index)));
answer({ requestsPerSecond: succeeded / (durationMs / 1000), failures } satisfies HttpLoadAnswer);
