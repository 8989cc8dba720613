import type { ChannelModel } from 'amqplib';

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
export function keepNumbersUntilSent(model: ChannelModel): void {
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
