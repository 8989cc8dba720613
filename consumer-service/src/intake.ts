import type { ConsumeMessage } from 'amqplib';
import type { Delivery } from './inbox/delivery.js';

/** One folded transaction per 500 events measured 58,000 events/s where one per event did 1,260. */
export const MAX_BATCH_SIZE = 500;
/** An order of 100 lines can be 36 kB: 500 of them as rows of a dozen tables are more than a small container has. */
const MAX_BATCH_BYTES = 1024 * 1024;
/**
 * What arrives is decoded while the database works on the batch before (a third of an event's time here), but what is decoded
 * takes ten times its bytes: beyond this much, a delivery waits as it came.
 */
const MAX_DECODED_BYTES = 4 * 1024 * 1024;
/**
 * The second lane works from here on: while the database is at one batch, the other is folded, which makes 20,500
 * events/s of 15,700. Below, it would only split batches that are small anyway: at 500 orders/s that took 2 ms of 8 and
 * a tenth of the processor.
 */
const BACKLOG_SIZE = 100;

/** Deliveries that one lane applies in one transaction, in the order of their tags. */
export interface Batch {
  readonly deliveries: readonly Delivery[];
}

interface TakenBatch extends Batch {
  isApplied: boolean;
  /** Not those that were rejected: the broker knows them no more, and ends a channel that acknowledges one. */
  toAcknowledge: readonly Delivery[];
}

/** The deliveries of one channel: taken in batches that lanes apply side by side, acknowledged in the order of arrival. */
export class Intake {
  readonly #waiting: Delivery[] = [];
  #waitingBytes = 0;
  readonly #taken: TakenBatch[] = [];
  readonly #ofLane = new Map<number, TakenBatch>();

  add(delivery: Delivery): void {
    this.#waiting.push(delivery);
    this.#waitingBytes += bytesOf(delivery);
    if (this.#waitingBytes <= MAX_DECODED_BYTES) delivery.content();
  }

  /** What this lane has to apply: the batch that it failed to apply before, or the next one. */
  batchFor(lane: number): Batch | undefined {
    const held = this.#ofLane.get(lane);
    if (held !== undefined) return held;
    if (this.#waiting.length < (lane === 0 ? 1 : BACKLOG_SIZE)) return undefined;
    const batch = { deliveries: this.#waiting.splice(0, this.#nextBatchSize()), isApplied: false, toAcknowledge: [] };
    for (const delivery of batch.deliveries) this.#waitingBytes -= bytesOf(delivery);
    this.#taken.push(batch);
    this.#ofLane.set(lane, batch);
    return batch;
  }

  /** One at least, however large. */
  #nextBatchSize(): number {
    const most = Math.min(MAX_BATCH_SIZE, this.#waiting.length);
    let bytes = 0;
    for (let size = 0; size < most; size += 1) {
      bytes += bytesOf(this.#waiting[size] as Delivery);
      if (bytes > MAX_BATCH_BYTES) return Math.max(1, size);
    }
    return most;
  }

  /**
   * Notes that the lane's batch is applied. Returns what may be acknowledged now, in the order of arrival: nothing while a
   * batch before it is under way, and never what is in `others`.
   */
  applied(lane: number, others: ReadonlySet<ConsumeMessage> = new Set()): readonly Delivery[] {
    const batch = this.#ofLane.get(lane);
    if (batch === undefined) return [];
    this.#ofLane.delete(lane);
    batch.isApplied = true;
    batch.toAcknowledge = batch.deliveries.filter(({ message }) => !others.has(message));
    const acknowledged: Delivery[] = [];
    while (this.#taken[0]?.isApplied) acknowledged.push(...(this.#taken.shift()?.toAcknowledge ?? []));
    return acknowledged;
  }
}

function bytesOf({ message }: Delivery): number {
  return message.content.length;
}
