import { type ConfirmChannel, connect } from 'amqplib';

/** Does something at the broker, straight past the proxies, on a connection of its own. */
export async function withChannel<T>(brokerUrl: string, work: (channel: ConfirmChannel) => Promise<T>): Promise<T> {
  const connection = await connect(brokerUrl);
  connection.on('error', () => undefined);
  try {
    const channel = await connection.createConfirmChannel();
    channel.on('error', () => undefined);
    const result = await work(channel);
    await channel.waitForConfirms();
    return result;
  } finally {
    await connection.close().catch(() => undefined);
  }
}
