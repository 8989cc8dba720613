import { Agent, request } from 'node:http';
import type { Suite } from '../setup/suite.js';
import type { FuzzRequest } from './fuzz-request.js';

export interface FuzzAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** The parsed body if it is JSON, else its text. */
  readonly body: unknown;
}

/** Sends requests unchanged over kept connections. `fetch` would correct or refuse most of them. */
export function createSender(suite: Suite, maxSockets: number) {
  const agent = new Agent({ keepAlive: true, maxSockets });
  return {
    send: ({ service, method, path, headers, body }: FuzzRequest) =>
      new Promise<FuzzAnswer>((resolve, reject) => {
        const asked = request(
          suite[service].url,
          { agent, method, path, headers: withLength(headers, body?.sent) },
          (answer) => {
            const chunks: Buffer[] = [];
            answer.on('data', (chunk) => chunks.push(chunk));
            answer.on('error', reject);
            answer.on('end', () => {
              const known = Object.entries(answer.headers).flatMap(([name, value]) =>
                typeof value === 'string' ? [[name, value] as [string, string]] : [],
              );
              const text = Buffer.concat(chunks).toString();
              const isJson = /^application\/(?:problem\+)?json/.test(answer.headers['content-type'] ?? '');
              resolve({
                status: answer.statusCode ?? 0,
                headers: new Headers(known),
                body: isJson && text !== '' ? JSON.parse(text) : text,
              });
            });
          },
        );
        asked.on('error', reject);
        asked.end(body?.sent);
      }),
    close: () => agent.destroy(),
  };
}

function withLength(headers: Readonly<Record<string, string>>, body: Buffer | undefined) {
  return body === undefined ? headers : { ...headers, 'content-length': body.length };
}
