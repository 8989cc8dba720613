import { type ConfirmChannel, IllegalOperationError, type Options } from 'amqplib';

export type PublishOutcome =
  /** On the broker's disk, in every queue that is bound. */
  | 'confirmed'
  /** No queue is bound to its routing key. The broker confirms such a message, too: a confirm alone proves nothing. */
  | 'returned'
  /** The broker refused it, or the channel died first: it is stored or not, and must be published again. */
  | 'failed'
  /** It does not fit into a frame and never will (header tables end at 64 KiB). */
  | 'unsendable';

export interface OutgoingMessage {
  readonly exchange: string;
  readonly routingKey: string;
  readonly body: Buffer;
  readonly properties: Options.Publish & { readonly messageId: string };
}

export interface Publisher {
  /** Publishes persistent and mandatory, and resolves when the broker has answered. Never rejects. */
  publish(message: OutgoingMessage): Promise<PublishOutcome>;
  /** The same for many at once, outcomes in their order: one promise instead of one per message. */
  publishAll(messages: readonly OutgoingMessage[]): Promise<PublishOutcome[]>;
}

/** A confirm says "stored", a return (always before it) says "nowhere to store": both are needed, matched by messageId. */
export function createPublisher(channel: ConfirmChannel): Publisher {
  const returned = new Set<string>();
  channel.on('return', (message) => returned.add(String(message.properties.messageId)));
  const send = (
    { exchange, routingKey, body, properties }: OutgoingMessage,
    onOutcome: (outcome: PublishOutcome) => void,
  ): void => {
    const options = { ...properties, persistent: true, mandatory: true };
    try {
      channel.publish(exchange, routingKey, body, options, (error) => {
        const wasReturned = returned.delete(properties.messageId);
        if (error) onOutcome('failed');
        else onOutcome(wasReturned ? 'returned' : 'confirmed');
      });
    } catch (error) {
      onOutcome(error instanceof IllegalOperationError ? 'failed' : 'unsendable');
    }
  };
  return {
    publish: (message) => new Promise((resolve) => send(message, resolve)),
    publishAll: (messages) =>
      new Promise((resolve) => {
        const outcomes = new Array<PublishOutcome>(messages.length);
        let open = messages.length;
        if (open === 0) resolve(outcomes);
        for (const [index, message] of messages.entries()) {
          send(message, (outcome) => {
            outcomes[index] = outcome;
            open -= 1;
            if (open === 0) resolve(outcomes);
          });
        }
      }),
  };
}
