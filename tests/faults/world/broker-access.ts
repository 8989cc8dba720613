import { type ConfirmChannel, connect } from 'amqplib';

/**
 * Opens a channel to the broker without a proxy. It waits for all confirms before it closes the channel, because RabbitMQ 3.10
 * may otherwise drop unconfirmed messages.
 */
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
