import { createServer, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { PartName, Parts } from '../../query-service/src/live/parts.js';

/** As the stream itself repeats what has not changed. */
const REPEAT_MS = 5_000;

/** The page as query-service serves it, with numbers that a test chooses. Everything else is passed on. */
export interface NumbersServer {
  readonly url: string;
  /** Tells every open page, and those that come; `undefined` is never told again. */
  tell(parts: { readonly [P in PartName]?: Parts[P] | undefined }): void;
  close(): Promise<void>;
}

export async function startNumbersServer(queryUrl: string): Promise<NumbersServer> {
  const told = new Map<string, unknown>();
  const streams = new Set<ServerResponse>();
  const send = (stream: ServerResponse, part: string, data: unknown) =>
    stream.write(`event: ${part}\ndata: ${JSON.stringify(data)}\n\n`);
  const server = createServer((incoming, answer) => {
    if (incoming.url === '/page/numbers' && incoming.method === 'GET') {
      answer.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
      for (const [part, data] of told) send(answer, part, data);
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
    for (const stream of streams) for (const [part, data] of told) send(stream, part, data);
  }, REPEAT_MS);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    tell: (parts) => {
      for (const [part, data] of Object.entries(parts)) {
        if (data === undefined) told.delete(part);
        else told.set(part, data);
        if (data !== undefined) for (const stream of streams) send(stream, part, data);
      }
    },
    close: () => {
      clearInterval(repeat);
      for (const stream of streams) stream.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
