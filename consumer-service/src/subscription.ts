import { type BrokerLink, type Connection, superviseBroker } from '@tallyline/chassis/broker-link';
import { assertTopology } from '@tallyline/chassis/broker-topology';
import type { Logger } from '@tallyline/chassis/logger';
import { startLoop } from '@tallyline/chassis/loop';
import type { Pool } from '@tallyline/chassis/postgres';
import { createPublisher, type Publisher } from '@tallyline/chassis/publisher';
import { eventQueues, topology, WATERMARK_QUEUE } from '@tallyline/contracts/topology';
import type { Channel, ConsumeMessage } from 'amqplib';
import { applyDeliveries, type Delivery, readDelivery } from './inbox/apply-deliveries.js';
import type { OnBatch } from './measures.js';

/** One folded transaction per 500 events measured 58,000 events/s where one per event did 1,260. */
const MAX_BATCH_SIZE = 500;
/** Of each queue, in each lane: two batches, so that the next one is here when the last one commits. */
const PREFETCH = 1_000;
const IDLE_MS = 60_000;
/** While the database works on the batch of one, the other's is folded: 22,000 events/s, where one alone does 15,700. */
const LANES = 2;

export interface Session {
  /** For everything but deliveries. */
  readonly channel: Channel;
  readonly publisher: Publisher;
  readonly lanes: readonly Lane[];
}

/** A subscription of its own: its batches are acknowledged on its channel, whatever the others do. */
interface Lane {
  readonly channel: Channel;
  /** In the order of their delivery tags, not yet acknowledged. */
  readonly deliveries: Delivery[];
}

export interface Subscription {
  readonly link: BrokerLink<Session>;
  stop(): Promise<void>;
}

export interface SubscriptionOptions {
  readonly pool: Pool;
  readonly log: Logger;
  readonly brokerUrl: string;
  readonly onBatch?: OnBatch;
  readonly onFatal: (error: Error) => void;
}

/**
 * Takes what has arrived, applies it in one transaction, and acknowledges after the commit. Deliveries that come
 * meanwhile are the next batch: there is no timer, so a lone event is applied at once and a flood in batches of 500.
 */
export function startSubscription({ pool, log, brokerUrl, onBatch, onFatal }: SubscriptionOptions): Subscription {
  const link = superviseBroker<Session>({
    url: brokerUrl,
    name: 'consumer-service',
    log,
    onFatal,
    open: (connection) => subscribe(connection, () => batches.wake()),
    // A full queue fills the prefetch before the session is known; no later delivery would wake the loop.
    onUp: () => batches.wake(),
  });

  const turn = async (index: number): Promise<'busy' | 'idle'> => {
    const session = link.session();
    const lane = session?.lanes[index];
    const batch = lane?.deliveries.slice(0, MAX_BATCH_SIZE) ?? [];
    const last = batch.at(-1);
    if (session === undefined || lane === undefined || last === undefined) return 'idle';
    await applyDeliveries({ pool, log, publisher: session.publisher, ...(onBatch && { onBatch }) }, batch);
    lane.deliveries.splice(0, batch.length);
    // Tags are in order and everything before `last` is applied, so one acknowledgement covers the batch.
    if (link.session() === session) lane.channel.ack(last.message, true);
    return 'busy';
  };
  const batches = startLoop('consumer', log, { idleMs: IDLE_MS, turn, lanes: LANES });

  return {
    link,
    stop: async () => {
      await batches.stop();
      await link.stop();
    },
  };
}

async function subscribe(connection: Connection, onDelivery: () => void): Promise<Session> {
  const channel = await connection.confirmChannel();
  const publisher = createPublisher(channel, () => connection.fail(new Error('the broker confirms no dead letter')));
  await assertTopology(channel, topology, connection.brokerMajorVersion);
  const lanes: Lane[] = [];
  for (let n = 0; n < LANES; n += 1) lanes.push(await openLane(connection, onDelivery));
  return { channel, publisher, lanes };
}

async function openLane(connection: Connection, onDelivery: () => void): Promise<Lane> {
  const channel = await connection.channel();
  await channel.prefetch(PREFETCH);
  const deliveries: Delivery[] = [];
  for (const queue of [...Object.keys(eventQueues), WATERMARK_QUEUE]) {
    await channel.consume(queue, (message: ConsumeMessage | null) => {
      if (message === null) {
        // The queue was deleted or moved. Nobody subscribes again but us.
        connection.fail(new Error(`the broker cancelled the consumer of ${queue}`));
        return;
      }
      deliveries.push(readDelivery(queue, message));
      onDelivery();
    });
  }
  return { channel, deliveries };
}
