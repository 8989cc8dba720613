import { type BrokerLink, type Connection, superviseBroker } from '@tallyline/chassis/broker-link';
import { assertTopology } from '@tallyline/chassis/broker-topology';
import type { Logger } from '@tallyline/chassis/logger';
import { startLoop } from '@tallyline/chassis/loop';
import type { Pool } from '@tallyline/chassis/postgres';
import { eventQueues, topology, WATERMARK_QUEUE } from '@tallyline/contracts/topology';
import type { Channel, ConsumeMessage } from 'amqplib';
import { applyDeliveries } from './inbox/apply-deliveries.js';
import { NoDeadLetterQueue } from './inbox/dead-letter.js';
import { deliveryOf } from './inbox/delivery.js';
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

export interface Session {
  /** Its deliveries are acknowledged here, and nowhere else. */
  readonly channel: Channel;
  readonly intake: Intake;
  /** What stays unacknowledged for a while. Kept apart, it holds up no other message. */
  readonly kept: Set<ConsumeMessage>;
  /** Begins a new session, which declares the topology anew. */
  readonly fail: (error: Error) => void;
}

export interface Subscription {
  readonly link: BrokerLink<Session>;
  /** Ends `outbound`, too, behind the last batch. */
  stop(): Promise<void>;
}

export interface SubscriptionOptions {
  readonly pool: Pool;
  readonly log: Logger;
  readonly brokerUrl: string;
  readonly outbound: Outbound;
  readonly onBatch?: OnBatch;
  readonly onFatal: (error: Error) => void;
}

/**
 * Takes what has arrived, applies it in one transaction, and acknowledges after the commit. Deliveries that come
 * meanwhile are the next batch: there is no timer, so a lone event is applied at once and a flood in batches of 500.
 */
export function startSubscription(options: SubscriptionOptions): Subscription {
  const { pool, log, brokerUrl, outbound, onBatch, onFatal } = options;
  const link: BrokerLink<Session> = superviseBroker<Session>({
    url: brokerUrl,
    name: 'consumer-service',
    log,
    onFatal,
    open: (connection) => subscribe(connection, () => batches.wake()),
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
    const { rejected, kept } = await applyDeliveries(dependencies, batch.deliveries).catch((error) => {
      // Nobody consumes that queue, so nobody is told that it is gone; its events would wait for ever.
      if (error instanceof NoDeadLetterQueue) session.fail(error);
      throw error;
    });
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

  return {
    link,
    stop: () => link.stop(() => outbound.link.stop(batches.stop)),
  };
}

async function subscribe(connection: Connection, onDelivery: () => void): Promise<Session> {
  const channel = await connection.channel();
  await assertTopology(channel, topology, connection.brokerMajorVersion);
  const intake = new Intake();
  for (const queue of [...Object.keys(eventQueues), WATERMARK_QUEUE]) {
    // Of the consumers that begin after it.
    await channel.prefetch(queue === WATERMARK_QUEUE ? WATERMARK_PREFETCH : PREFETCH);
    await channel.consume(queue, (message: ConsumeMessage | null) => {
      if (message === null) {
        // The queue was deleted or moved. Nobody subscribes again but us.
        connection.fail(new Error(`the broker cancelled the consumer of ${queue}`));
        return;
      }
      intake.add(deliveryOf(queue, message));
      onDelivery();
    });
  }
  return { channel, intake, kept: new Set(), fail: connection.fail };
}
