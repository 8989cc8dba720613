import { type Agent, type IncomingHttpHeaders, request } from 'node:http';

export interface PostAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
}

/** Uses node:http, because fetch needs more processor time on a machine that the services share, and hides reconnects. */
export function postJson(
  url: string,
  body: string,
  { headers, agent, patienceMs }: { headers: Record<string, string>; agent: Agent; patienceMs: number },
): Promise<PostAnswer> {
  return new Promise((resolve, reject) => {
    const asked = request(url, {
      method: 'POST',
      agent,
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...headers },
    });
    const tooLate = setTimeout(() => asked.destroy(new Error(`no answer in ${patienceMs} ms`)), patienceMs);
    asked.on('close', () => clearTimeout(tooLate));
    asked.on('error', reject);
    asked.on('response', (answer) => {
      answer.on('error', reject);
      answer.toArray().then((chunks) => {
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: JSON.parse(text) });
      }, reject);
    });
    asked.end(body);
  });
}
