import type { Delivery } from './inbox/apply-deliveries.js';

/** One folded transaction per 500 events measured 58,000 events/s where one per event did 1,260. */
export const MAX_BATCH_SIZE = 500;
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
}

/** The deliveries of one channel: taken in batches that lanes apply side by side, acknowledged in the order of arrival. */
export class Intake {
  readonly #waiting: Delivery[] = [];
  readonly #taken: TakenBatch[] = [];
  readonly #ofLane = new Map<number, TakenBatch>();

  add(delivery: Delivery): void {
    this.#waiting.push(delivery);
  }

  /** What this lane has to apply: the batch that it failed to apply before, or the next one. */
  batchFor(lane: number): Batch | undefined {
    const held = this.#ofLane.get(lane);
    if (held !== undefined) return held;
    if (this.#waiting.length < (lane === 0 ? 1 : BACKLOG_SIZE)) return undefined;
    const batch = { deliveries: this.#waiting.splice(0, MAX_BATCH_SIZE), isApplied: false };
    this.#taken.push(batch);
    this.#ofLane.set(lane, batch);
    return batch;
  }

  /**
   * Notes that the lane's batch is applied. Returns the newest delivery that may be acknowledged together with all before
   * it; nothing while a batch before it is under way.
   */
  applied(lane: number): Delivery | undefined {
    const batch = this.#ofLane.get(lane);
    if (batch === undefined) return undefined;
    this.#ofLane.delete(lane);
    batch.isApplied = true;
    let last: Delivery | undefined;
    while (this.#taken[0]?.isApplied) last = this.#taken.shift()?.deliveries.at(-1);
    return last;
  }
}
