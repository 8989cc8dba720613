import type { ConfirmChannel } from 'amqplib';
import {
  type ChannelPublisher,
  createPublisher,
  isRejectedPublish,
  type OutgoingMessage,
  type Publisher,
  type PublishOutcome,
  type Rejection,
  rejectionReason,
} from './publisher.js';

/** How long messages of a routing key that the user may not publish are not tried again. */
const DENIED_FOR_MS = 10_000;
/** Single messages that were rejected are remembered up to here; older ones are forgotten, and found out anew. */
const MAX_REJECTED = 10_000;

const ACCESS_REFUSED = 403;

export interface IsolatingPublisherOptions {
  /** Opens a channel for publishing. A rejected publish may end it; any other end is the end of the session. */
  openChannel(): Promise<ConfirmChannel>;
  readonly onSilence: () => void;
  readonly onRefused: () => void;
}

/**
 * Publishes like `createPublisher`, and outlives messages that the broker rejects by closing the channel (a topic that the
 * user may not write, a message that is too large). Such a close takes with it everything that was on its way on the
 * channel, and does not say which message it was for. So all of them are suspects:
 *
 * 1. The channel is opened anew at once, and new messages go on.
 * 2. The suspects are published again on a channel apart: those of one routing key at a time, and halved when that channel
 *    is closed, too, until a rejected message stands alone. A 403 is about the routing key, so all that have it are rejected.
 * 3. What is known to be rejected is tried on the channel apart from then on: a routing key every 10 s, a message whenever
 *    it comes.
 *
 * The broker may have stored a suspect before it closed the channel, and gets it twice then.
 */
export async function createIsolatingPublisher(options: IsolatingPublisherOptions): Promise<Publisher> {
  const usual = reopened(() => openPublisher(options));
  const apart = createTrials(reopened(() => openPublisher(options)));
  await usual();

  const publishAll = async <T>(items: readonly T[], messageOf: (item: T) => OutgoingMessage) => {
    const known = apart.knowsAny() ? items.map((item) => apart.knows(messageOf(item))) : [];
    const unsent = items.filter((_, at) => !known[at]);
    const sent = await (await usual()).publishAll(unsent, messageOf);
    if (unsent.length === items.length && !sent.includes('suspect')) return sent as PublishOutcome[];

    const outcomes = new Array<PublishOutcome>(items.length);
    const trials: Trial[] = [];
    let next = 0;
    for (const [at, item] of items.entries()) {
      const outcome = known[at] ? 'suspect' : (sent[next++] ?? 'failed');
      if (outcome !== 'suspect') outcomes[at] = outcome;
      else {
        const onOutcome = (found: PublishOutcome) => {
          outcomes[at] = found;
        };
        trials.push({ make: () => messageOf(item), onOutcome });
      }
    }
    await apart.publish(trials);
    return outcomes;
  };
  const orFailed = async <T>(items: readonly T[], messageOf: (item: T) => OutgoingMessage) => {
    try {
      return await publishAll(items, messageOf);
    } catch {
      // No channel could be opened: the connection is dead or dying.
      return items.map((): PublishOutcome => 'failed');
    }
  };
  return {
    publishAll: orFailed,
    publish: async (message) => (await orFailed([message], () => message))[0] ?? 'failed',
    whyRejected: apart.whyRejected,
  };
}

/** A suspect. `make` makes its message, each time that it is sent. */
interface Trial {
  make(): OutgoingMessage;
  onOutcome(outcome: PublishOutcome): void;
}

/** Finds the rejected messages among suspects, and remembers them. */
function createTrials(channelApart: () => Promise<OpenPublisher>) {
  const denied = new Map<string, { readonly reason: string; readonly retryAtMs: number }>();
  const rejected = new Map<string, string>();
  let last: Promise<void> = Promise.resolve();

  const reject = (trials: readonly Trial[]) => {
    for (const { onOutcome } of trials) onOutcome('rejected');
  };
  const remember = (messageId: string, reason: string) => {
    rejected.set(messageId, reason);
    const [oldest] = rejected.keys();
    if (rejected.size > MAX_REJECTED && oldest !== undefined) rejected.delete(oldest);
  };

  /** Messages of one routing key. */
  const isolate = async (routingKey: string, trials: readonly Trial[]): Promise<void> => {
    if (performance.now() < (denied.get(routingKey)?.retryAtMs ?? 0)) return reject(trials);
    const publisher = await channelApart();
    const outcomes = await publisher.publishAll(trials, ({ make }) => make());
    const suspects = trials.filter(({ make, onOutcome }, at) => {
      const outcome = outcomes[at] ?? 'failed';
      if (outcome === 'suspect') return true;
      rejected.delete(make().properties.messageId);
      onOutcome(outcome);
      return false;
    });
    const error = publisher.rejection();
    if (error === undefined || suspects.length === 0) return void denied.delete(routingKey);
    const [first] = suspects;
    if (error.code === ACCESS_REFUSED) {
      denied.set(routingKey, { reason: rejectionReason(error), retryAtMs: performance.now() + DENIED_FOR_MS });
      reject(suspects);
    } else if (first !== undefined && suspects.length === 1) {
      remember(first.make().properties.messageId, rejectionReason(error));
      reject(suspects);
    } else {
      const middle = Math.ceil(suspects.length / 2);
      await isolate(routingKey, suspects.slice(0, middle));
      await isolate(routingKey, suspects.slice(middle));
    }
  };

  /** Of one routing key, but each that was rejected before alone. */
  const groupsOf = (trials: readonly Trial[]): [string, Trial[]][] => {
    const together = new Map<string, Trial[]>();
    const alone: [string, Trial[]][] = [];
    for (const trial of trials) {
      const { routingKey, properties } = trial.make();
      const group = together.get(routingKey);
      if (rejected.has(properties.messageId)) alone.push([routingKey, [trial]]);
      else if (group) group.push(trial);
      else together.set(routingKey, [trial]);
    }
    return [...together, ...alone];
  };

  return {
    knowsAny: () => denied.size + rejected.size > 0,
    knows: ({ routingKey, properties }: OutgoingMessage) =>
      denied.has(routingKey) || rejected.has(properties.messageId),
    whyRejected: (routingKey: string, messageId: string): Rejection | undefined => {
      const ofKey = denied.get(routingKey);
      if (ofKey !== undefined) return { reason: ofKey.reason, isOfRoutingKey: true };
      const reason = rejected.get(messageId);
      return reason === undefined ? undefined : { reason, isOfRoutingKey: false };
    },
    /** One group after the other: on one channel, two would be suspects of each other. Rejects when no channel opens. */
    publish: (trials: readonly Trial[]): Promise<void> => {
      const done = last.then(async () => {
        for (const [routingKey, group] of groupsOf(trials)) await isolate(routingKey, group);
      });
      last = done.catch(() => undefined);
      return done;
    },
  };
}

interface OpenPublisher extends Pick<ChannelPublisher, 'publishAll'> {
  /** Why the broker has closed the channel, if that was for a rejected publish. */
  rejection(): (Error & { readonly code?: unknown }) | undefined;
}

async function openPublisher({ openChannel, onSilence, onRefused }: IsolatingPublisherOptions): Promise<OpenPublisher> {
  const channel = await openChannel();
  let rejection: Error | undefined;
  channel.on('error', (error: Error) => {
    if (isRejectedPublish(error)) rejection = error;
  });
  const { publishAll } = createPublisher(channel, onSilence, onRefused);
  return { publishAll, rejection: () => rejection };
}

/** The publisher that is open, or another one in place of one whose channel was closed over a rejected message. */
function reopened(open: () => Promise<OpenPublisher>): () => Promise<OpenPublisher> {
  let current: Promise<OpenPublisher> | undefined;
  return async () => {
    for (;;) {
      current ??= open();
      const asked = current;
      const publisher = await asked;
      if (publisher.rejection() === undefined) return publisher;
      if (current === asked) current = undefined;
    }
  };
}
