import { setTimeout as delay } from 'node:timers/promises';
import type { Channel, ChannelModel, ConfirmChannel } from 'amqplib';
import { closeQuietly, connectBroker, majorVersionOf } from './amqp-connection.js';
import { backoffMs } from './backoff.js';
import type { Logger } from './logger.js';
import { createPublisher, type Publisher } from './publisher.js';
import { redactUrls } from './redact-urls.js';

/** A queue without a leader leaves requests unanswered for ever, while the connection's heartbeats go on. */
const OPEN_TIMEOUT_MS = 10_000;
/** Of the 15 s that a graceful stop has. */
const STOP_PATIENCE_MS = 5_000;
/** Long enough that a queue that stays full costs the others little, whose confirms are lost with the session. */
const REFUSED_MS = 10_000;
/** After a long outage events flow again within 3 s of the broker's return: with 5 s here the fault campaign measured 3.1 s. */
const MAX_BACKOFF_MS = 1_000;

export interface Connection {
  channel(): Promise<Channel>;
  confirmChannel(): Promise<ConfirmChannel>;
  /**
   * Publishes on that channel. The session ends when the broker confirms nothing, unless it blocks: then it says so. And some
   * time after a refusal, which may have no other end.
   */
  publisherOn(channel: ConfirmChannel): Publisher;
  /** RabbitMQ's major version, because 4.x knows queue arguments that 3.x refuses. */
  readonly brokerMajorVersion: number;
  /** Ends this session and starts a new one: for faults that leave the connection alive, such as a cancelled consumer. */
  fail(error: Error): void;
}

export interface BrokerLink<Session> {
  /** What `open` made, or undefined while there is no working connection. */
  session(): Session | undefined;
  /** True while the broker refuses publishes (memory or disk alarm). */
  blocked(): boolean;
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
  /** Declares the topology, opens channels, subscribes. Runs anew after every loss. */
  open(connection: Connection): Promise<Session>;
  /** Before a graceful close; has 2 s together with it. */
  close?(session: Session): Promise<void>;
  /** The broker holds another topology than ours: no retry can mend that. */
  onFatal(error: Error): void;
  onUp?(session: Session): void;
  /** The broker reads no more from this connection until its alarm clears. */
  onBlocked?(): void;
}

/**
 * Keeps one connection with its channels alive. Whatever dies (connection, channel, consumer), the whole session is
 * thrown away and opened anew: one path for every fault, instead of one per part, and a few hundred milliseconds slower.
 */
export function superviseBroker<Session>(options: BrokerLinkOptions<Session>): BrokerLink<Session> {
  const { log, name } = options;
  const stopped = new AbortController();
  let session: Session | undefined;
  let blocked = false;
  let endSession: (error?: Error) => void = () => undefined;

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
      const opened = await Promise.race([
        options.open(connectionOf(model, endSession, () => blocked)),
        lost.then(rejectWith),
      ])
        .catch((error) => {
          throw isTopologyMismatch(error) ? new OtherTopology(error) : error;
        })
        .finally(() => clearTimeout(openTimer));
      session = opened;
      onOpen();
      options.onUp?.(opened);
      const error = await lost;
      if (error !== undefined) throw error;
      beforeClose = async () => options.close?.(opened);
    } finally {
      session = undefined;
      blocked = false;
      await closeQuietly(model, beforeClose);
    }
  };

  const run = async () => {
    let failures = 0;
    let toldOfTimeout = false;
    while (!stopped.signal.aborted) {
      try {
        await oneSession(() => {
          log.info(failures > 0 ? { failures } : {}, 'broker connected');
          failures = 0;
          toldOfTimeout = false;
        });
      } catch (error) {
        if (error instanceof OtherTopology) return options.onFatal(error);
        const message = redactUrls(error instanceof Error ? error.message : String(error));
        if (failures === 0 || (error instanceof OpenTimeout && !toldOfTimeout)) {
          log.warn({ error: message }, 'broker away, trying again until it answers');
          toldOfTimeout = error instanceof OpenTimeout;
        } else log.debug({ error: message, failures }, 'broker still away');
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
    stop: async (lastWork = async () => undefined) => {
      const patience = setTimeout(close, blocked ? 0 : STOP_PATIENCE_MS);
      await lastWork();
      clearTimeout(patience);
      await close();
    },
  };
}

class OpenTimeout extends Error {
  override readonly name = 'OpenTimeout';

  constructor() {
    super(
      `the broker accepted the connection but left a request unanswered for ${OPEN_TIMEOUT_MS} ms; if this goes on, a queue ` +
        'has no leader: delete it on the management page, and its events are published again',
    );
  }
}

function rejectWith(error: Error | undefined): never {
  throw error ?? new Error('stopped');
}

function connectionOf(model: ChannelModel, fail: (error: Error) => void, isBlocked: () => boolean): Connection {
  // A channel without an error listener crashes the process, and a dead channel is not replaced by the library.
  const watch = <C extends Channel>(channel: C): C => {
    channel.on('error', fail);
    channel.on('close', () => fail(new Error('channel closed')));
    return channel;
  };
  return {
    channel: async () => watch(await model.createChannel()),
    confirmChannel: async () => watch(await model.createConfirmChannel()),
    publisherOn: (channel) => {
      let hasRefused = false;
      const onSilence = () => {
        if (!isBlocked()) fail(new Error('the broker confirms nothing'));
      };
      // RabbitMQ tells a channel that a queue is full, and when it is not, but nothing when the policy is taken away.
      const onRefused = () => {
        if (hasRefused) return;
        hasRefused = true;
        setTimeout(() => fail(new Error('a queue refused what was published')), REFUSED_MS).unref();
      };
      return createPublisher(channel, onSilence, onRefused);
    },
    brokerMajorVersion: majorVersionOf(model),
    fail,
  };
}

const PRECONDITION_FAILED = 406;

/**
 * While the topology is declared. Later the same code has other reasons, such as a batch that is held for longer than the
 * broker's consumer_timeout.
 */
function isTopologyMismatch(error: unknown): error is Error {
  return error instanceof Error && (error as Error & { code?: unknown }).code === PRECONDITION_FAILED;
}

class OtherTopology extends Error {
  override readonly name = 'OtherTopology';

  constructor(refusal: Error) {
    super(
      `the broker holds another topology than this service declares: ${refusal.message}. ` +
        'Redrive what waits there if it is a dead-letter queue, delete the named queue or exchange, then start again: events ' +
        'are published again out of the outbox.',
    );
  }
}
