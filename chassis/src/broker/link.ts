import { setTimeout as delay } from 'node:timers/promises';
import type { Channel, ChannelModel } from 'amqplib';
import type { Logger } from '../process/logger.js';
import { backoffMs } from '../process/loop.js';
import { redactUrls } from '../process/safe-text.js';
import { closeQuietly, connectBroker } from './connection.js';
import { brokerFailure } from './failure.js';
import { createIsolatingPublisher } from './isolating-publisher.js';
import { isRejectedPublish, type Publisher } from './publisher.js';
import type { Topology } from './topology.js';
import { createTopologyKeeper } from './topology-keeper.js';

/** A queue without a leader leaves requests unanswered for ever, while the connection's heartbeats go on. */
const OPEN_TIMEOUT_MS = 30_000;
/** Of the 15 s that a graceful stop has. */
const STOP_PATIENCE_MS = 5_000;
/** Long enough that a queue that stays full costs the others little, whose confirms are lost with the session. */
const REFUSED_MS = 10_000;
/** After a long outage events flow again within 3 s of the broker's return: with 5 s here the fault campaign measured 3.1 s. */
const MAX_BACKOFF_MS = 1_000;

export interface Connection {
  channel(): Promise<Channel>;
  /**
   * A channel for what the session can do without. When `use` fails because the broker refuses it, only that channel ends,
   * and this resolves with the refusal. Once `use` has succeeded, the end of the channel is the end of the session.
   */
  optionalChannel(use: (channel: Channel) => Promise<unknown>): Promise<Error | undefined>;
  /**
   * Publishes with confirms. The session ends when the broker confirms nothing, unless it blocks: then it says so. And some
   * time after a refusal, which may have no other end.
   */
  publisher(): Promise<Publisher>;
  /** Ends this session and starts a new one: for faults that leave the connection alive, such as a cancelled consumer. */
  fail(error: Error): void;
}

export interface BrokerLink<Session> {
  /** What `open` made, or undefined while there is no working connection. */
  session(): Session | undefined;
  /** True while the broker refuses publishes (memory or disk alarm). */
  blocked(): boolean;
  /** What keeps the link from its work, in words that may be shown to whoever asks; undefined when all is well. */
  trouble(): string | undefined;
  /** Looks at the topology now instead of within 10 s, because something seems to be missing. Never rejects. */
  restoreTopology(): Promise<void>;
  /**
   * Resolves when the connection is closed, and `lastWork` before it, which has 5 s, and no time at all while the broker
   * blocks: it owes answers for as long as it does, and without the connection they are given up. May be called twice.
   */
  stop(lastWork?: () => Promise<unknown>): Promise<void>;
}

export interface BrokerLinkOptions<Session> {
  readonly url: string;
  readonly name: string;
  readonly log: Logger;
  /** What must be there before `open`. What of it disappears later is made again. */
  readonly topology?: Topology;
  /** Opens channels, subscribes. Runs anew after every loss. */
  open(connection: Connection): Promise<Session>;
  /** Before a graceful close; has 2 s together with it. */
  close?(session: Session): Promise<void>;
  onUp?(session: Session): void;
  /** The broker reads no more from this connection until its alarm clears. */
  onBlocked?(): void;
}

/**
 * Keeps one connection with its channels alive. Whatever dies (connection, channel, consumer), the whole session is
 * thrown away and opened anew: one path for every fault, instead of one per part, and a few hundred milliseconds slower.
 * A topology that is not the one declared here is reported and used as it is.
 */
export function superviseBroker<Session>(options: BrokerLinkOptions<Session>): BrokerLink<Session> {
  const { log, name, topology } = options;
  const stopped = new AbortController();
  let session: Session | undefined;
  let blocked = false;
  let failure: string | undefined = 'not connected yet';
  let endSession: (error?: Error) => void = () => undefined;
  const keeper = topology && createTopologyKeeper(topology, log);

  const oneSession = async (onOpen: () => void): Promise<void> => {
    const model = await connectBroker(options.url, name);
    const lost = new Promise<Error | undefined>((resolve) => {
      endSession = resolve;
      model.on('error', resolve);
      model.on('close', (error) => resolve(error ?? new Error('connection closed')));
    });
    model.on('blocked', (reason) => {
      blocked = true;
      log.warn({ reason }, 'broker blocks publishing until its alarm clears');
      options.onBlocked?.();
    });
    model.on('unblocked', () => {
      blocked = false;
      log.info('broker accepts publishing again');
    });
    let beforeClose: () => Promise<void> = async () => undefined;
    try {
      if (stopped.signal.aborted) return;
      const openTimer = setTimeout(() => endSession(new OpenTimeout()), OPEN_TIMEOUT_MS);
      const open = async () => {
        await keeper?.ensure(model);
        return options.open(connectionOf(model, endSession, () => blocked));
      };
      const opened = await Promise.race([open(), lost.then(rejectWith)]).finally(() => clearTimeout(openTimer));
      session = opened;
      onOpen();
      options.onUp?.(opened);
      keeper?.watch(model, endSession);
      const error = await lost;
      if (error !== undefined) throw error;
      beforeClose = async () => options.close?.(opened);
    } finally {
      session = undefined;
      blocked = false;
      keeper?.watch(undefined, endSession);
      await closeQuietly(model, beforeClose);
    }
  };

  const run = async () => {
    let failures = 0;
    const reported = new Set<string>();
    while (!stopped.signal.aborted) {
      try {
        await oneSession(() => {
          log.info(failures > 0 ? { failures } : {}, 'broker connected');
          failures = 0;
          failure = undefined;
          reported.clear();
        });
      } catch (error) {
        failure = brokerFailure(error);
        const message = redactUrls(error instanceof Error ? error.message : String(error));
        // The first reason is often not the one that lasts: "channel closed", and then a password that was changed.
        if (!reported.has(message))
          log.warn({ error: message, reason: failure }, 'broker away, trying again until it answers');
        else log.debug({ error: message, failures }, 'broker still away');
        reported.add(message);
        await delay(backoffMs(failures, { maxMs: MAX_BACKOFF_MS }), undefined, { signal: stopped.signal }).catch(
          () => undefined,
        );
        failures += 1;
      }
    }
  };
  const ended = run();
  const close = () => {
    stopped.abort();
    endSession();
    return ended;
  };

  return {
    session: () => session,
    blocked: () => blocked,
    trouble: () => {
      if (failure !== undefined) return failure;
      if (session === undefined) return 'the connection was lost';
      return blocked ? 'it blocks publishers until its memory or disk alarm clears' : undefined;
    },
    restoreTopology: async () => keeper?.hurry(),
    stop: async (lastWork = async () => undefined) => {
      const patience = setTimeout(close, blocked ? 0 : STOP_PATIENCE_MS);
      await lastWork();
      clearTimeout(patience);
      await close();
      await keeper?.stop();
    },
  };
}

class OpenTimeout extends Error {
  override readonly name = 'OpenTimeout';

  constructor() {
    super(`the broker accepted the connection but left a request unanswered for ${OPEN_TIMEOUT_MS} ms`);
  }
}

function rejectWith(error: Error | undefined): never {
  throw error ?? new Error('stopped');
}

function connectionOf(model: ChannelModel, fail: (error: Error) => void, isBlocked: () => boolean): Connection {
  // A channel without an error listener crashes the process, and a dead channel is not replaced by the library.
  const watch = <C extends Channel>(channel: C, mayEnd: (error: unknown) => boolean = () => false): C => {
    let hasEnded = false;
    channel.on('error', (error) => {
      if (mayEnd(error)) hasEnded = true;
      else fail(error);
    });
    channel.on('close', () => {
      // Behind what the connection says of its own end, which is the better reason.
      if (!hasEnded) setImmediate(() => fail(new Error('channel closed')));
    });
    return channel;
  };
  return {
    channel: async () => watch(await model.createChannel()),
    optionalChannel: async (use) => {
      let isUsed = false;
      const channel = watch(await model.createChannel(), () => !isUsed);
      try {
        await use(channel);
        isUsed = true;
        return undefined;
      } catch (error) {
        if (typeof (error as { code?: unknown }).code !== 'number') throw error;
        return error as Error;
      }
    },
    publisher: () => {
      let hasRefused = false;
      return createIsolatingPublisher({
        openChannel: async () => watch(await model.createConfirmChannel(), isRejectedPublish),
        onSilence: () => {
          if (!isBlocked()) fail(new Error('the broker confirms nothing'));
        },
        // RabbitMQ tells a channel that a queue is full, and when it is not, but nothing when the policy is taken away.
        onRefused: () => {
          if (hasRefused) return;
          hasRefused = true;
          setTimeout(() => fail(new Error('a queue refused what was published')), REFUSED_MS).unref();
        },
      });
    },
    fail,
  };
}
