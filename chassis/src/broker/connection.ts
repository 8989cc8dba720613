import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { type ChannelModel, connect } from 'amqplib';
import { coalesceWrites } from '../batching/coalesce-writes.js';

/** The library ends a connection after two missed heartbeats. */
const HEARTBEAT_SECONDS = 5;
/** Without this timeout, a handshake with a host that drops packets would never end. */
const HANDSHAKE_TIMEOUT_MS = 5_000;
const CLOSE_TIMEOUT_MS = 2_000;

/** Opens a connection that the management page lists as `name`. A heartbeat in the URL takes precedence. */
export async function connectBroker(url: string, name: string): Promise<ChannelModel> {
  const model = await connect(withHeartbeat(url), {
    timeout: HANDSHAKE_TIMEOUT_MS,
    clientProperties: { connection_name: name },
    noDelay: true,
  });
  coalesceWrites(socketOf(model));
  keepNumbersUntilSent(model);
  return model;
}

/** Closes a connection gracefully, or by force after 2 s when the peer does not answer. */
export async function closeQuietly(
  model: ChannelModel,
  beforeClose: () => Promise<void> = async () => undefined,
): Promise<void> {
  const closing = (async () => {
    await beforeClose().catch(() => undefined);
    await model.close();
  })().catch(() => undefined);
  const timeout = new AbortController();
  const tooLate = delay(CLOSE_TIMEOUT_MS, 'too late', { signal: timeout.signal }).catch(() => undefined);
  if ((await Promise.race([closing, tooLate])) === 'too late') {
    // Destroying the socket is the only way to give up on it. The error makes the library end its channels, too;
    // otherwise code that awaits their confirms would wait for ever.
    socketOf(model).destroy(new Error('given up'));
  }
  // A broker that blocks publishers does not read the end of the stream either; the process must not wait for that.
  socketOf(model).unref();
  timeout.abort();
}

/** The library's types do not declare the socket. */
function socketOf(model: ChannelModel): Socket {
  return (model.connection as unknown as { stream: Socket }).stream;
}

/** The major version of RabbitMQ. Version 4 has queue arguments that version 3 refuses. */
export function majorVersionOf(model: ChannelModel): number {
  return Number.parseInt(String(model.connection.serverProperties.version ?? '3'), 10);
}

function withHeartbeat(url: string): string {
  const parsed = new URL(url);
  if (!parsed.searchParams.has('heartbeat')) parsed.searchParams.set('heartbeat', String(HEARTBEAT_SECONDS));
  return parsed.href;
}

/** Internals of the amqplib version that package.json pins. A test fails if they change. */
interface Internals {
  readonly freeChannels: { set(number: number): void; clear(number: number): void };
  readonly channels: readonly ({
    readonly buffer: NodeJS.ReadableStream & { readonly readableEnded: boolean };
  } | null)[];
  releaseChannel(number: number): void;
}

/**
 * Keeps the number of an ended channel reserved until its buffer is sent. amqplib gives the number to the next channel
 * at once, and that channel's frames overtake the buffered ones, including the answer to the broker's close. The broker
 * then sees a second channel.open (504) or a frame inside a message (505) and ends the connection.
 */
function keepNumbersUntilSent(model: ChannelModel): void {
  const connection = model.connection as unknown as Internals;
  const release = connection.releaseChannel.bind(connection);
  connection.releaseChannel = (number) => {
    const buffer = connection.channels[number]?.buffer;
    release(number);
    if (buffer === undefined || buffer.readableEnded) return;
    connection.freeChannels.set(number);
    buffer.once('end', () => connection.freeChannels.clear(number));
  };
}
