import { type ConfirmChannel, IllegalOperationError, type Options } from 'amqplib';

export type PublishOutcome =
  /** Every bound queue has stored the message on disk. */
  | 'confirmed'
  /** No queue is bound for the routing key. The broker confirms such messages, so a confirm alone proves nothing. */
  | 'returned'
  /** A queue refused the message, for example because it is full. Another bound queue may have stored the message. */
  | 'refused'
  /** The channel died first. The message may or may not be stored and must be published again. */
  | 'failed'
  /** The broker answers other messages but not this one, which may be stored. Its queue may have no leader. */
  | 'unanswered'
  /** The broker closes the channel because of this message: the user may not publish it, or it is too large. */
  | 'rejected'
  /** The message can never be encoded, because a header table is limited to 64 KiB. */
  | 'unsendable';

export interface OutgoingMessage {
  readonly exchange: string;
  readonly routingKey: string;
  readonly body: Buffer;
  readonly properties: Omit<Options.Publish, 'persistent' | 'mandatory'> & { readonly messageId: string };
}

export interface Publisher {
  /** Publishes a persistent, mandatory message and resolves when the broker has answered. Never rejects. */
  publish(message: OutgoingMessage): Promise<PublishOutcome>;
  /**
   * Publishes many messages with one promise and returns their outcomes in the same order. `messageOf` is called when a
   * message is sent, and the message is encoded before the next one is made, so messages may share objects.
   */
  publishAll<T>(items: readonly T[], messageOf: (item: T) => OutgoingMessage): Promise<PublishOutcome[]>;
  /** The reason of a recent `rejected` outcome. */
  whyRejected(routingKey: string, messageId: string): Rejection | undefined;
}

export interface Rejection {
  /** The broker's own text. */
  readonly reason: string;
  /** True when the broker rejects all messages of the routing key, false when it rejects this one. */
  readonly isOfRoutingKey: boolean;
}

/** Publishes on one channel until the channel ends. */
export interface ChannelPublisher {
  /** `suspect`: the broker closed the channel because of one message, which may be this one or another. */
  publish(message: OutgoingMessage): Promise<PublishOutcome | 'suspect'>;
  publishAll<T>(items: readonly T[], messageOf: (item: T) => OutgoingMessage): Promise<(PublishOutcome | 'suspect')[]>;
}

/** Class and method of basic.publish (AMQP 0-9-1, section 1.8). A close names the method that caused it. */
const BASIC_CLASS = 60;
const PUBLISH_METHOD = 40;
const NOT_FOUND = 404;

/**
 * True when a channel was closed because of one message. A missing exchange (404) does not count: it concerns all
 * messages, and a new session declares it again.
 */
export function isRejectedPublish(error: unknown): boolean {
  const { code, classId, methodId } = error as { code?: unknown; classId?: unknown; methodId?: unknown };
  return classId === BASIC_CLASS && methodId === PUBLISH_METHOD && code !== NOT_FOUND;
}

/** Reduces `403 (ACCESS-REFUSED) with message "ACCESS_REFUSED - access to …"` to the text between the quotes. */
export function rejectionReason({ message }: Error): string {
  return message.replace(/^.* with message "?/, '').replace(/"$/, '');
}

/** Timeout and interval stay below the 10 s after which the database ends an idle transaction that awaits confirms. */
export const CONFIRM_TIMEOUT_MS = 7_000;
const CHECK_INTERVAL_MS = 1_000;

/** The library's error message for a nack; an ended channel has another one. */
const NACKED = 'message nacked';

interface Unanswered {
  readonly sentAtMs: number;
  readonly onOutcome: (outcome: PublishOutcome | 'suspect') => void;
}

/** Messages leave at the end of a turn of the event loop. Larger portions would leave the broker idle meanwhile. */
const SENT_PER_TURN = 64;

/**
 * Publishes on one channel. A confirm means that the broker has handled the message; a return, which precedes the
 * confirm, means that no queue took it. Returns are matched by messageId.
 *
 * `onSilence` is called when confirms are due and the broker sends none, although heartbeats may continue. While the
 * broker answers other messages, only those that are due for too long become `unanswered`, because one queue without a
 * leader must not stop the rest. `onRefused` is called for each refused message.
 */
export function createPublisher(
  channel: ConfirmChannel,
  onSilence: () => void = () => undefined,
  onRefused: () => void = () => undefined,
): ChannelPublisher {
  // Returns are counted per id, because two copies of one message may be unanswered.
  const returned = new Map<string, number>();
  const takeReturn = (messageId: string): boolean => {
    const times = returned.get(messageId) ?? 0;
    if (times > 1) returned.set(messageId, times - 1);
    else returned.delete(messageId);
    return times > 0;
  };
  /** Messages without an answer, in the order of sending. */
  const unanswered = new Set<Unanswered>();
  let hasAnswered = false;
  let answeredAtMs = 0;
  /** The end of the last silence. A broker whose alarm has cleared gets time to send all confirms that are due. */
  let answersSinceMs = 0;
  const watch = setInterval(() => {
    const nowMs = performance.now();
    const tooLongAgo = nowMs - CONFIRM_TIMEOUT_MS;
    if (hasAnswered) {
      if (answeredAtMs <= tooLongAgo) answersSinceMs = nowMs;
      answeredAtMs = nowMs;
    }
    hasAnswered = false;
    for (const message of unanswered) {
      if (message.sentAtMs > tooLongAgo) return;
      if (answeredAtMs <= tooLongAgo) return onSilence();
      if (answersSinceMs > tooLongAgo) return;
      unanswered.delete(message);
      message.onOutcome('unanswered');
    }
  }, CHECK_INTERVAL_MS).unref();
  channel.on('close', () => clearInterval(watch));
  /** The outcome of messages that are unanswered when the channel ends. */
  let ended: 'failed' | 'suspect' = 'failed';
  channel.on('error', (error: unknown) => {
    if (isRejectedPublish(error)) ended = 'suspect';
  });
  channel.on('return', ({ properties: { messageId } }) => returned.set(messageId, (returned.get(messageId) ?? 0) + 1));
  const send = (
    { exchange, routingKey, body, properties }: OutgoingMessage,
    sentAtMs: number,
    onOutcome: (outcome: PublishOutcome | 'suspect') => void,
  ): void => {
    // The spread comes last, because V8 builds an object much more slowly when fields follow a spread.
    const options = { persistent: true, mandatory: true, ...properties };
    const message = { sentAtMs, onOutcome };
    try {
      channel.publish(exchange, routingKey, body, options, (error) => {
        hasAnswered = true;
        const wasReturned = takeReturn(properties.messageId);
        if (!unanswered.delete(message)) return;
        if (error?.message === NACKED) {
          onRefused();
          onOutcome('refused');
        } else if (error) onOutcome(ended);
        else onOutcome(wasReturned ? 'returned' : 'confirmed');
      });
      unanswered.add(message);
    } catch (error) {
      onOutcome(error instanceof IllegalOperationError ? ended : 'unsendable');
    }
  };
  return {
    publish: (message) => new Promise((resolve) => send(message, performance.now(), resolve)),
    publishAll: (items, messageOf) =>
      new Promise((resolve) => {
        const outcomes = new Array<PublishOutcome | 'suspect'>(items.length);
        let open = items.length;
        if (open === 0) resolve(outcomes);
        let next = 0;
        const sendSome = () => {
          const sentAtMs = performance.now();
          for (const item of items.slice(next, next + SENT_PER_TURN)) {
            const index = next;
            next += 1;
            send(messageOf(item), sentAtMs, (outcome) => {
              outcomes[index] = outcome;
              open -= 1;
              if (open === 0) resolve(outcomes);
            });
          }
          if (next < items.length) setImmediate(sendSome);
        };
        sendSome();
      }),
  };
}
