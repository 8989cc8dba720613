import type { Connection } from '@tallyline/chassis/broker/link';
import type { Logger } from '@tallyline/chassis/process/logger';
import { eventQueues, WATERMARK_QUEUE } from '@tallyline/contracts/topology';
import type { Channel, ConsumeMessage } from 'amqplib';
import { deliveryOf } from '../inbox/delivery.js';
import { DeliveryBatches, MAX_BATCH_SIZE } from './delivery-batches.js';

/** The consumer applies this many batches side by side. */
export const LANES = 2;
/** Each event queue may deliver two batches for each lane, so that the next batch has arrived when the last one commits. */
const PREFETCH = 2 * LANES * MAX_BATCH_SIZE;
/** A watermark that reports an hour has 320 kB. A new read database gets many of them, and they must fit into memory. */
const WATERMARK_PREFETCH = 32;
/** A queue that could not be consumed is tried again after this time. */
const LEFT_OUT_MS = 30_000;

export interface Session {
  /** A delivery must be acknowledged on the channel that it came from. */
  readonly channel: Channel;
  readonly batches: DeliveryBatches;
  /** Messages whose dead letters could not be stored. They stay unacknowledged for a while and delay no other message. */
  readonly kept: Set<ConsumeMessage>;
  /** Queues that could not be consumed. */
  readonly leftOut: readonly string[];
}

/**
 * Consumes every queue on one channel. A queue that the broker does not let this user consume is left out, so that the
 * other queues are consumed. A new session tries it again.
 */
export async function openSession(connection: Connection, log: Logger, onDelivery: () => void): Promise<Session> {
  const leftOut: string[] = [];
  for (;;) {
    const queues = [...Object.keys(eventQueues), WATERMARK_QUEUE].filter((queue) => !leftOut.includes(queue));
    const batches = new DeliveryBatches();
    let session: Session | undefined;
    let current = '';
    const refusal = await connection.optionalChannel(async (channel) => {
      for (const queue of queues) {
        current = queue;
        // AMQP applies a prefetch to the consumers that are started after it.
        await channel.prefetch(queue === WATERMARK_QUEUE ? WATERMARK_PREFETCH : PREFETCH);
        await channel.consume(queue, (message: ConsumeMessage | null) => {
          if (message === null) {
            // The queue was deleted or moved, and the broker does not subscribe us again.
            connection.fail(new Error(`the broker cancelled the consumer of ${queue}`));
            return;
          }
          batches.add(deliveryOf(queue, message));
          onDelivery();
        });
      }
      session = { channel, batches, kept: new Set(), leftOut };
    });
    if (session !== undefined) {
      const retry = () => connection.fail(new Error(`a new session tries again to consume ${leftOut.join(', ')}`));
      if (leftOut.length > 0) setTimeout(retry, LEFT_OUT_MS).unref();
      return session;
    }
    log.error(
      { queue: current, error: refusal?.message },
      'a queue cannot be consumed and is left out; let the broker user read it',
    );
    leftOut.push(current);
  }
}
