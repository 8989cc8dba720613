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

/** Messages of a denied routing key are rejected for this time before the key is tried again. */
const DENIED_FOR_MS = 10_000;
/** The number of rejected messages to remember. An older one is isolated again when it is published again. */
const MAX_REJECTED = 10_000;

const ACCESS_REFUSED = 403;

export interface IsolatingPublisherOptions {
  /** Opens a channel for publishing. A rejected publish may end it; any other end must end the session. */
  openChannel(): Promise<ConfirmChannel>;
  readonly onSilence: () => void;
  readonly onRefused: () => void;
}

/**
 * Publishes like `createPublisher` and survives messages that the broker rejects by closing the channel, such as a
 * topic that the user may not write or a message that is too large. The close affects every unanswered message of the
 * channel and does not name the rejected one, so all of them are suspects:
 *
 * 1. The channel is reopened at once for new messages.
 * 2. The suspects are published again on a trial channel, one routing key at a time. If that is closed, too, they are
 *    halved until the rejected message is alone. A 403 concerns the routing key and rejects all messages with it.
 * 3. From then on, known offenders use the trial channel: a routing key every 10 s, a single message at each publish.
 *
 * The broker may have stored a suspect before it closed the channel. It then receives that message twice.
 */
export async function createIsolatingPublisher(options: IsolatingPublisherOptions): Promise<Publisher> {
  const usual = reopened(() => openPublisher(options));
  const trials = createTrials(reopened(() => openPublisher(options)));
  await usual();

  const publishAll = async <T>(items: readonly T[], messageOf: (item: T) => OutgoingMessage) => {
    const known = trials.knowsAny() ? items.map((item) => trials.knows(messageOf(item))) : [];
    const unsent = items.filter((_, at) => !known[at]);
    const sent = await (await usual()).publishAll(unsent, messageOf);
    if (unsent.length === items.length && !sent.includes('suspect')) return sent as PublishOutcome[];

    const outcomes = new Array<PublishOutcome>(items.length);
    const suspects: Trial[] = [];
    let next = 0;
    for (const [at, item] of items.entries()) {
      const outcome = known[at] ? 'suspect' : (sent[next++] ?? 'failed');
      if (outcome !== 'suspect') outcomes[at] = outcome;
      else {
        const onOutcome = (found: PublishOutcome) => {
          outcomes[at] = found;
        };
        suspects.push({ make: () => messageOf(item), onOutcome });
      }
    }
    await trials.publish(suspects);
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
    whyRejected: trials.whyRejected,
  };
}

/** A suspect. `make` creates its message each time that it is sent. */
interface Trial {
  make(): OutgoingMessage;
  onOutcome(outcome: PublishOutcome): void;
}

/** Finds the rejected messages among suspects and remembers them. */
function createTrials(trialChannel: () => Promise<OpenPublisher>) {
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

  /** Publishes suspects of one routing key until each of them has an outcome. */
  const isolate = async (routingKey: string, trials: readonly Trial[]): Promise<void> => {
    if (performance.now() < (denied.get(routingKey)?.retryAtMs ?? 0)) return reject(trials);
    const publisher = await trialChannel();
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

  /** Groups suspects by routing key. A message that was rejected before is a group of its own. */
  const groupsOf = (trials: readonly Trial[]): [string, Trial[]][] => {
    const byKey = new Map<string, Trial[]>();
    const alone: [string, Trial[]][] = [];
    for (const trial of trials) {
      const { routingKey, properties } = trial.make();
      const group = byKey.get(routingKey);
      if (rejected.has(properties.messageId)) alone.push([routingKey, [trial]]);
      else if (group) group.push(trial);
      else byKey.set(routingKey, [trial]);
    }
    return [...byKey, ...alone];
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
    /** Publishes one group after the other, so that a close concerns one group only. Rejects when no channel opens. */
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
  /** The broker's error if it closed the channel because of a rejected publish. */
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

/** Returns the open publisher, or a new one if the broker closed the channel because of a rejected message. */
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
