import { type BrokerLink, type Connection, superviseBroker } from '@tallyline/chassis/broker/link';
import { databaseFailure } from '@tallyline/chassis/postgres/failure';
import type { Pool } from '@tallyline/chassis/postgres/pool';
import type { Logger } from '@tallyline/chassis/process/logger';
import { startLoop } from '@tallyline/chassis/process/loop';
import type { SyncProblem } from '@tallyline/contracts/sync-reasons';
import { eventQueues, topology, WATERMARK_QUEUE } from '@tallyline/contracts/topology';
import type { Channel, ConsumeMessage } from 'amqplib';
import { applyDeliveries } from './inbox/apply-deliveries.js';
import { deliveryOf } from './inbox/delivery.js';
import { TableAtFault } from './inbox/table-fault.js';
import { Intake, MAX_BATCH_SIZE } from './intake.js';
import type { OnBatch } from './measures.js';
import type { Outbound } from './outbound.js';

const LANES = 2;
/** Of each queue of events: two batches for each lane, so that the next one is here when the last one commits. */
const PREFETCH = 2 * LANES * MAX_BATCH_SIZE;
/** One that tells of an hour has 320 kB: 1,200 of them, told to a new read database, were 580 MB, and a container has 256. */
const WATERMARK_PREFETCH = 32;
const IDLE_MS = 60_000;
/** When a message comes again whose dead letter nothing took. */
const KEPT_MS = 10_000;
/** When a queue is tried again that could not be consumed. */
const LEFT_OUT_MS = 30_000;

export interface Session {
  /** Its deliveries are acknowledged here, and nowhere else. */
  readonly channel: Channel;
  readonly intake: Intake;
  /** What stays unacknowledged for a while. Kept apart, it holds up no other message. */
  readonly kept: Set<ConsumeMessage>;
  /** Queues that could not be consumed. */
  readonly leftOut: readonly string[];
}

export interface Subscription {
  readonly link: BrokerLink<Session>;
  /** What keeps events from the views now. */
  problems(): readonly SyncProblem[];
  /** Ends `outbound`, too, behind the last batch. */
  stop(): Promise<void>;
}

export interface SubscriptionOptions {
  readonly pool: Pool;
  readonly log: Logger;
  readonly brokerUrl: string;
  readonly outbound: Outbound;
  readonly onBatch?: OnBatch;
}

/**
 * Takes what has arrived, applies it in one transaction, and acknowledges after the commit. Deliveries that come
 * meanwhile are the next batch: there is no timer, so a lone event is applied at once and a flood in batches of 500.
 */
export function startSubscription(options: SubscriptionOptions): Subscription {
  const { pool, log, brokerUrl, outbound, onBatch } = options;
  const link: BrokerLink<Session> = superviseBroker<Session>({
    url: brokerUrl,
    name: 'consumer-service',
    log,
    topology,
    open: (connection) => subscribe(connection, log, () => batches.wake()),
    // A connection that closes may overtake the last acknowledgement; a channel answers its close when it has seen all.
    close: ({ channel }) => channel.close(),
    // A full queue fills the prefetch before the session is known; no later delivery would wake the loop.
    onUp: () => batches.wake(),
  });

  const turn = async (lane: number): Promise<'busy' | 'idle'> => {
    const session = link.session();
    const batch = session?.intake.batchFor(lane);
    if (session === undefined || batch === undefined) return 'idle';
    const dependencies = { pool, log, publish: outbound.publish, ...(onBatch && { onBatch }) };
    const { rejected, kept } = await applyDeliveries(dependencies, batch.deliveries);
    const applied = session.intake.applied(lane, new Set([...rejected, ...kept]));
    if (link.session() !== session) return 'busy';
    for (const message of rejected) session.channel.reject(message, false);
    for (const message of kept) keep(session, message);
    // Tags are in order and everything up to the last is applied, so one acknowledgement covers it, but not what is kept.
    const last = applied.at(-1);
    if (session.kept.size > 0) for (const { message } of applied) session.channel.ack(message);
    else if (last !== undefined) session.channel.ack(last.message, true);
    return 'busy';
  };
  const keep = (session: Session, message: ConsumeMessage) => {
    session.kept.add(message);
    setTimeout(() => {
      if (link.session() !== session) return;
      session.kept.delete(message);
      session.channel.reject(message, true);
    }, KEPT_MS).unref();
  };
  const batches = startLoop('consumer', log, { idleMs: IDLE_MS, turn, lanes: LANES });

  const problems = (): SyncProblem[] => {
    const session = link.session();
    const failure = batches.trouble();
    const found: SyncProblem[] = [];
    if (session === undefined) found.push({ code: 'consumer-without-broker', detail: notConsuming(link.trouble()) });
    if (failure instanceof TableAtFault) found.push({ code: 'views-refuse-events', detail: failure.message });
    else if (failure !== undefined) found.push({ code: 'views-not-written', detail: notWriting(failure) });
    if (session && session.leftOut.length > 0)
      found.push({
        code: 'queue-not-consumed',
        detail: `consumer-service may not consume ${session.leftOut.join(', ')}`,
      });
    if (session && session.kept.size > 0)
      found.push({
        code: 'dead-letters-not-taken',
        detail: `${session.kept.size} message(s) find no room in a dead-letter queue`,
      });
    return found;
  };

  return {
    link,
    problems,
    stop: () => link.stop(() => outbound.link.stop(batches.stop)),
  };
}

const notConsuming = (trouble: string | undefined) => `consumer-service has no connection to the broker: ${trouble}`;
const notWriting = (error: unknown) => `consumer-service cannot write the read database: ${databaseFailure(error)}`;

/**
 * Consumes every queue on one channel. A queue that the broker does not let this user consume is left out, so that it keeps
 * no other from being consumed, and tried again when the next session begins.
 */
async function subscribe(connection: Connection, log: Logger, onDelivery: () => void): Promise<Session> {
  const leftOut: string[] = [];
  for (;;) {
    const queues = [...Object.keys(eventQueues), WATERMARK_QUEUE].filter((queue) => !leftOut.includes(queue));
    const intake = new Intake();
    let session: Session | undefined;
    let asked = '';
    const refusal = await connection.optionalChannel(async (channel) => {
      for (const queue of queues) {
        asked = queue;
        // AMQP applies a prefetch to the consumers that are started after it.
        await channel.prefetch(queue === WATERMARK_QUEUE ? WATERMARK_PREFETCH : PREFETCH);
        await channel.consume(queue, (message: ConsumeMessage | null) => {
          if (message === null) {
            // The queue was deleted or moved, and the broker does not subscribe us again.
            connection.fail(new Error(`the broker cancelled the consumer of ${queue}`));
            return;
          }
          intake.add(deliveryOf(queue, message));
          onDelivery();
        });
      }
      session = { channel, intake, kept: new Set(), leftOut };
    });
    if (session !== undefined) {
      if (leftOut.length > 0) setTimeout(() => connection.fail(new TryAgain(leftOut)), LEFT_OUT_MS).unref();
      return session;
    }
    log.error({ queue: asked, error: refusal?.message }, 'a queue cannot be consumed; the others are');
    leftOut.push(asked);
  }
}

class TryAgain extends Error {
  override readonly name = 'TryAgain';

  constructor(queues: readonly string[]) {
    super(`${queues.join(', ')} could not be consumed; the session begins anew to try again`);
  }
}
