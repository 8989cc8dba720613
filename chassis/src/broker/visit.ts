import type { Channel, ChannelModel } from 'amqplib';
import { closeQuietly, connectBroker } from './connection.js';

export interface Visit {
  readonly model: ChannelModel;
  /** Makes the work fail when this channel dies. A lost connection always fails it. */
  watch<C extends Channel>(channel: C): C;
  /** Fails the work, for faults that leave the connection open, such as a broker that confirms nothing. */
  fail(error: Error): void;
}

/** Opens a connection for one piece of work, such as an operator's command. Nothing is retried: every loss is an error. */
export async function visitBroker<T>(url: string, name: string, work: (visit: Visit) => Promise<T>): Promise<T> {
  const model = await connectBroker(url, name);
  let fail: (error: Error) => void = () => undefined;
  const lost = new Promise<never>((_, reject) => {
    fail = reject;
  });
  lost.catch(() => undefined);
  model.on('error', fail);
  model.on('close', (error) => fail(error ?? new Error('the broker closed the connection')));
  const watch = <C extends Channel>(channel: C): C => {
    channel.on('error', fail);
    return channel;
  };
  try {
    return await Promise.race([work({ model, watch, fail }), lost]);
  } finally {
    await closeQuietly(model);
  }
}
