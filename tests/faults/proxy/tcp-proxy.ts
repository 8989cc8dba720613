import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { FrameReader, Protocol } from './frames.js';
import { createLine, type Slowness } from './line.js';
import { type Caught, createTraps, type Trap } from './traps.js';

/** A proxy between one service and one of its servers. It can break the connection as networks do. */
export interface TcpProxy {
  /** The server's URL with the port of this proxy. */
  readonly url: string;
  /** Resets every connection and returns how many there were. New connections are accepted. */
  cut(): number;
  /** With `true`, resets every connection, and each new one until the call with `false`. */
  refuse(refusing: boolean): void;
  /** Accepts connections and bytes in both directions, and forwards nothing until `thaw`. */
  freeze(): void;
  thaw(): void;
  /** Bytes that arrived while the line was frozen. */
  bytesHeld(): number;
  slow(slowness: Slowness | undefined): void;
  trap(trap: Trap): Promise<Caught>;
  /** Number of messages so far whose label begins like this. */
  seen(label: string): number;
  close(): Promise<void>;
}

/** `rewrite` replaces the client's first bytes with as many others. */
export async function startProxy(
  targetUrl: string,
  protocol: Protocol,
  rewrite: (first: Buffer) => Buffer = (first) => first,
): Promise<TcpProxy> {
  const target = new URL(targetUrl);
  const line = createLine();
  const traps = createTraps();
  const pairs = new Set<readonly [Socket, Socket]>();
  let refusing = false;

  /** Carries one direction until it ends. An error of one socket resets both. */
  const pump = async (
    from: Socket,
    to: Socket,
    read: FrameReader,
    connection: object,
    rewriteFirst: (first: Buffer) => Buffer = (first) => first,
  ) => {
    let isFirst = true;
    try {
      for await (const received of from as AsyncIterable<Buffer>) {
        const chunk = isFirst ? rewriteFirst(received) : received;
        isFirst = false;
        await line.carry(chunk.length);
        to.cork();
        for (const frame of read(chunk)) {
          const held = traps.meet(frame, connection);
          if (held !== undefined) {
            to.uncork();
            if (!(await held)) return reset(from, to);
            to.cork();
          }
          to.write(frame.bytes);
        }
        to.uncork();
        if (to.writableNeedDrain) await drained(to);
      }
      await line.carry(0);
      to.end();
    } catch {
      await line.carry(0);
      reset(from, to);
    }
  };

  const server = createServer({ allowHalfOpen: true, noDelay: true }, async (client) => {
    client.on('error', () => undefined);
    if (refusing) return reset(client);
    await line.carry(0);
    const upstream = connect({ host: target.hostname, port: Number(target.port), allowHalfOpen: true, noDelay: true });
    const pair = [client, upstream] as const;
    pairs.add(pair);
    upstream.on('error', () => undefined);
    for (const socket of pair) socket.on('close', () => pair.every(({ closed }) => closed) && pairs.delete(pair));
    void pump(client, upstream, protocol('>'), pair, rewrite);
    void pump(upstream, client, protocol('<'), pair);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = new URL(targetUrl);
  url.port = String((server.address() as AddressInfo).port);

  const cut = () => {
    const count = pairs.size;
    for (const pair of pairs) reset(...pair);
    pairs.clear();
    return count;
  };
  return {
    url: url.href,
    cut,
    refuse: (on) => {
      refusing = on;
      if (on) cut();
    },
    freeze: line.freeze,
    thaw: line.thaw,
    bytesHeld: line.bytesHeld,
    slow: line.slow,
    trap: traps.set,
    seen: traps.count,
    close: () => {
      line.thaw();
      cut();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

function reset(...sockets: readonly Socket[]): void {
  for (const socket of sockets) socket.resetAndDestroy();
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      socket.off('drain', done);
      socket.off('close', done);
      resolve();
    };
    socket.on('drain', done);
    socket.on('close', done);
  });
}
