import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { type ChannelModel, connect } from 'amqplib';
import { coalesceWrites } from '../batching/coalesce-writes.js';

/** A dead peer is noticed after two missed heartbeats. */
const HEARTBEAT_SECONDS = 5;
/** A handshake with a black hole would otherwise hang for ever. */
const HANDSHAKE_TIMEOUT_MS = 5_000;
const CLOSE_TIMEOUT_MS = 2_000;

/** Opens a connection that the management page shows under `name`. A heartbeat in the URL wins. */
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

/** A polite close that a dead peer cannot delay for ever. */
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
    // The only way to give up on a socket whose peer no longer answers. With an error: without one its channels are not
    // told, and what waits for their confirms waits for ever.
    socketOf(model).destroy(new Error('given up'));
  }
  // A broker that blocks publishers does not read their end either; the process need not wait for that.
  socketOf(model).unref();
  timeout.abort();
}

/** Not in the library's types. */
function socketOf(model: ChannelModel): Socket {
  return (model.connection as unknown as { stream: Socket }).stream;
}

/** RabbitMQ's, because 4.x knows queue arguments that 3.x refuses. */
export function majorVersionOf(model: ChannelModel): number {
  return Number.parseInt(String(model.connection.serverProperties.version ?? '3'), 10);
}

function withHeartbeat(url: string): string {
  const parsed = new URL(url);
  if (!parsed.searchParams.has('heartbeat')) parsed.searchParams.set('heartbeat', String(HEARTBEAT_SECONDS));
  return parsed.href;
}

/** What amqplib's types do not show, of the version that package.json pins; a test holds it to this. */
interface Internals {
  readonly freeChannels: { set(number: number): void; clear(number: number): void };
  readonly channels: readonly ({
    readonly buffer: NodeJS.ReadableStream & { readonly readableEnded: boolean };
  } | null)[];
  releaseChannel(number: number): void;
}

/**
 * Keeps the number of a channel that has ended from being used again before everything of it is sent. amqplib gives it to
 * the next channel at once, whose frames go past those that the ended one still has in its buffer, the answer to the
 * broker's close among them: the broker reads a second channel.open (504) or a frame in the midst of a message (505), and
 * ends the connection.
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
