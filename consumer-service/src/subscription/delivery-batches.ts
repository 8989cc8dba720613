import type { ConsumeMessage } from 'amqplib';
import type { Delivery } from '../inbox/delivery.js';

/** One transaction for 500 events is many times faster than one for each. */
export const MAX_BATCH_SIZE = 500;
/** An order of 100 lines can have 36 kB: a batch of 500 such orders would need more memory than a small container has. */
const MAX_BATCH_BYTES = 1024 * 1024;
/**
 * Deliveries are decoded on arrival, while the database writes the batch before. A decoded delivery takes ten times its
 * bytes in memory, so beyond this limit a delivery stays undecoded until its batch is taken.
 */
const MAX_DECODED_BYTES = 4 * 1024 * 1024;
/**
 * The second lane takes a batch when this many deliveries wait: it then folds one batch while the database writes the
 * other. With fewer deliveries it would only split batches that are small anyway, which costs latency and processor time.
 */
const BACKLOG_SIZE = 100;

/** Deliveries that one lane applies in one transaction, in the order of their tags. */
export interface DeliveryBatch {
  readonly deliveries: readonly Delivery[];
}

interface TakenBatch extends DeliveryBatch {
  isApplied: boolean;
  toAcknowledge: readonly Delivery[];
}

/** The deliveries of one channel. Lanes take and apply them in batches; they are acknowledged in the order of arrival. */
export class DeliveryBatches {
  readonly #waiting: Delivery[] = [];
  #waitingBytes = 0;
  readonly #taken: TakenBatch[] = [];
  readonly #byLane = new Map<number, TakenBatch>();

  add(delivery: Delivery): void {
    this.#waiting.push(delivery);
    this.#waitingBytes += bytesOf(delivery);
    if (this.#waitingBytes <= MAX_DECODED_BYTES) delivery.content();
  }

  /** Returns the batch that this lane failed to apply before, or else takes the next one. */
  batchFor(lane: number): DeliveryBatch | undefined {
    const held = this.#byLane.get(lane);
    if (held !== undefined) return held;
    if (this.#waiting.length < (lane === 0 ? 1 : BACKLOG_SIZE)) return undefined;
    const batch = { deliveries: this.#waiting.splice(0, this.#nextBatchSize()), isApplied: false, toAcknowledge: [] };
    for (const delivery of batch.deliveries) this.#waitingBytes -= bytesOf(delivery);
    this.#taken.push(batch);
    this.#byLane.set(lane, batch);
    return batch;
  }

  /** A batch has at least one delivery, however large that is. */
  #nextBatchSize(): number {
    const limit = Math.min(MAX_BATCH_SIZE, this.#waiting.length);
    let bytes = 0;
    for (let size = 0; size < limit; size += 1) {
      bytes += bytesOf(this.#waiting[size] as Delivery);
      if (bytes > MAX_BATCH_BYTES) return Math.max(1, size);
    }
    return limit;
  }

  /**
   * Marks the lane's batch as applied and returns the deliveries that may be acknowledged now, in the order of arrival. That
   * is none while an earlier batch is not applied. Deliveries in `unacknowledged` are left out: the broker closes a channel
   * that acknowledges a message which it has rejected.
   */
  applied(lane: number, unacknowledged: ReadonlySet<ConsumeMessage> = new Set()): readonly Delivery[] {
    const batch = this.#byLane.get(lane);
    if (batch === undefined) return [];
    this.#byLane.delete(lane);
    batch.isApplied = true;
    batch.toAcknowledge = batch.deliveries.filter(({ message }) => !unacknowledged.has(message));
    const acknowledged: Delivery[] = [];
    while (this.#taken[0]?.isApplied) acknowledged.push(...(this.#taken.shift()?.toAcknowledge ?? []));
    return acknowledged;
  }
}

function bytesOf({ message }: Delivery): number {
  return message.content.length;
}
