import type { Socket } from 'node:net';
import { type ChannelModel, connect } from 'amqplib';
import { coalesceWrites } from './coalesce-writes.js';

/** A dead peer is noticed after two missed heartbeats. */
const HEARTBEAT_SECONDS = 5;
/** A handshake with a black hole would otherwise hang for ever. */
const HANDSHAKE_TIMEOUT_MS = 5_000;

/** Opens a connection that the management page shows under `name`. A heartbeat in the URL wins. */
export async function connectBroker(url: string, name: string): Promise<ChannelModel> {
  const model = await connect(withHeartbeat(url), {
    timeout: HANDSHAKE_TIMEOUT_MS,
    clientProperties: { connection_name: name },
    noDelay: true,
  });
  coalesceWrites(socketOf(model));
  return model;
}

/** Not in the library's types. */
export function socketOf(model: ChannelModel): Socket {
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
