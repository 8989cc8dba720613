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

/** Opening a session is limited, because a queue without a leader never answers while heartbeats continue. */
const OPEN_TIMEOUT_MS = 30_000;
/** Limit for `lastWork`, within the 15 s that a graceful stop may take. */
const STOP_PATIENCE_MS = 5_000;
/** A full queue makes the session restart at this interval. It is long, because a restart loses other confirms. */
const REFUSED_MS = 10_000;
/** The pause between attempts to connect stays short, so that messages flow again within 3 s after a long outage. */
const MAX_BACKOFF_MS = 1_000;

export interface Connection {
  channel(): Promise<Channel>;
  /**
   * Opens a channel for work that the session can do without. When the broker refuses `use`, only that channel ends and
   * the promise resolves with the refusal. After `use` has succeeded, the end of the channel ends the session.
   */
  optionalChannel(use: (channel: Channel) => Promise<unknown>): Promise<Error | undefined>;
  /**
   * Opens a publisher with confirms. The session ends when the broker confirms nothing although it does not block, and
   * some time after a queue has refused a message, because the channel may not learn when the queue accepts again.
   */
  publisher(): Promise<Publisher>;
  /** Ends this session and starts a new one, for faults that leave the connection open, such as a cancelled consumer. */
  fail(error: Error): void;
}

export interface BrokerLink<Session> {
  /** The result of `open`, or undefined while there is no working connection. */
  session(): Session | undefined;
  /** True while a memory or disk alarm of the broker blocks publishing. */
  blocked(): boolean;
  /** Describes what is wrong, in words that may be shown to anybody; undefined when all is well. */
  trouble(): string | undefined;
  /** Checks the topology now instead of within 10 s, because something seems to be missing. Never rejects. */
  restoreTopology(): Promise<void>;
  /**
   * Runs `lastWork`, closes the connection and resolves. After 5 s, or at once while the broker blocks
   * publishing, it closes without waiting for `lastWork`, which a blocking broker never answers. May be called twice.
   */
  stop(lastWork?: () => Promise<unknown>): Promise<void>;
}

export interface BrokerLinkOptions<Session> {
  readonly url: string;
  readonly name: string;
  readonly log: Logger;
  /** The topology is declared before `open`. Parts of it that disappear later are declared again. */
  readonly topology?: Topology;
  /** Opens channels and subscribes. It runs again after every lost session. */
  open(connection: Connection): Promise<Session>;
  /** Runs before a graceful close. It and the close together may take 2 s. */
  close?(session: Session): Promise<void>;
  onUp?(session: Session): void;
  /** Called when the broker stops reading from this connection until its alarm clears. */
  onBlocked?(): void;
}

/**
 * Keeps one connection with its channels alive. When a connection, a channel or a consumer dies, the whole session is
 * closed and opened again. One path for every fault is simpler than one for each, at the price of a few hundred
 * milliseconds. A topology that differs from the declared one is reported and used as it is.
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
        // Each reason is logged once, and not only the first: a refused password may follow "channel closed".
        if (!reported.has(message))
          log.warn({ error: message, reason: failure }, 'broker away, retrying until it answers');
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
  // Without an error listener a channel's error would crash the process, and the library does not reopen channels.
  const watch = <C extends Channel>(channel: C, mayEnd: (error: unknown) => boolean = () => false): C => {
    let hasEnded = false;
    channel.on('error', (error) => {
      if (mayEnd(error)) hasEnded = true;
      else fail(error);
    });
    channel.on('close', () => {
      // The connection's own error explains more than this one, so it gets one turn to arrive first.
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
          if (!isBlocked()) fail(new Error('the broker confirms no message; see its log'));
        },
        // RabbitMQ notifies a channel when a full queue has room again, but not when the limiting policy is removed.
        onRefused: () => {
          if (hasRefused) return;
          hasRefused = true;
          setTimeout(
            () => fail(new Error('a queue refused a message, so a new session tries again')),
            REFUSED_MS,
          ).unref();
        },
      });
    },
    fail,
  };
}
