import { createServer, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { PartName, Parts } from '../../query-service/src/live/parts.js';

/** The real stream repeats unchanged numbers at this interval, too. */
const REPEAT_MS = 5_000;

/** Serves the page of query-service with numbers that a test chooses. It passes all other requests on. */
export interface NumbersServer {
  readonly url: string;
  /** Sends these parts to every page that is open or opens later. A part that is `undefined` is not sent again. */
  send(parts: { readonly [P in PartName]?: Parts[P] | undefined }): void;
  close(): Promise<void>;
}

export async function startNumbersServer(queryUrl: string): Promise<NumbersServer> {
  const parts = new Map<string, unknown>();
  const streams = new Set<ServerResponse>();
  const writeEvent = (stream: ServerResponse, part: string, data: unknown) =>
    stream.write(`event: ${part}\ndata: ${JSON.stringify(data)}\n\n`);
  const server = createServer((incoming, answer) => {
    if (incoming.url === '/page/numbers' && incoming.method === 'GET') {
      answer.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      for (const [part, data] of parts) writeEvent(answer, part, data);
      streams.add(answer);
      answer.on('close', () => streams.delete(answer));
      return;
    }
    const { method, headers } = incoming;
    const passed = request(new URL(incoming.url ?? '/', queryUrl), { method, headers }, (from) => {
      answer.writeHead(from.statusCode ?? 502, from.headers);
      from.pipe(answer);
    });
    passed.on('error', () => answer.destroy());
    incoming.pipe(passed);
  });
  const repeat = setInterval(() => {
    for (const stream of streams) for (const [part, data] of parts) writeEvent(stream, part, data);
  }, REPEAT_MS);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    send: (changed) => {
      for (const [part, data] of Object.entries(changed)) {
        if (data === undefined) parts.delete(part);
        else parts.set(part, data);
        if (data !== undefined) for (const stream of streams) writeEvent(stream, part, data);
      }
    },
    close: () => {
      clearInterval(repeat);
      for (const stream of streams) stream.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
