import { createHash } from 'node:crypto';

/** A row of `event_archive`. Times are in microseconds since 1970, the precision of Postgres and Parquet. */
export interface ArchivedEvent {
  readonly eventId: string;
  readonly receivedAtMicros: number;
  readonly eventType: string;
  readonly queue: string;
  readonly occurredAtMicros: number;
  readonly fromOutbox: boolean;
  readonly appId: string | null;
  readonly traceparent: string | null;
  readonly body: string;
}

/** Number of events in memory at a time. With larger batches, large events would take far more memory. */
export const BATCH_SIZE = 100;

/** Number and digest of a set of events. Equal digests mean equal events, in Postgres or in Parquet. */
export interface Summary {
  readonly events: number;
  readonly digest: string;
}

/** Computes a summary of events, which must be added in the order of their ids. */
export class SummaryBuilder {
  readonly #hash = createHash('sha256');
  #events = 0;

  add(e: ArchivedEvent): void {
    const { eventId, receivedAtMicros, eventType, queue, occurredAtMicros, fromOutbox, appId, traceparent, body } = e;
    const origin = [eventId, receivedAtMicros, eventType, queue, occurredAtMicros, fromOutbox, appId];
    this.#hash.update(`${JSON.stringify([...origin, traceparent, body])}\n`);
    this.#events += 1;
  }

  /** Returns the summary. Nothing can be added afterwards. */
  end(): Summary {
    return { events: this.#events, digest: this.#hash.digest('hex') };
  }
}

export function sameSummary(a: Summary, b: Summary): boolean {
  return a.events === b.events && a.digest === b.digest;
}
