import { type Agent, request } from 'node:http';

export interface RawRequest {
  readonly method: string;
  /** As it goes on the wire, however wrong. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Buffer;
}

export interface RawAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

/** Sends what fetch would refuse to send: odd methods' bodies, broken escapes, any bytes. */
export function sendRaw(
  baseUrl: string,
  { method, path, headers, body }: RawRequest,
  agent: Agent,
): Promise<RawAnswer> {
  const { hostname, port } = new URL(baseUrl);
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': String(body.length) };
    const sent = request({ hostname, port, agent, method, path, headers: { ...headers, ...length } });
    sent.on('error', reject);
    sent.on('response', (answer) => {
      answer.toArray().then((chunks) => {
        const text = Buffer.concat(chunks).toString('utf8');
        const received = new Headers(answer.headers as Record<string, string>);
        resolve({ status: answer.statusCode ?? 0, headers: received, text });
      }, reject);
    });
    sent.end(body);
  });
}
