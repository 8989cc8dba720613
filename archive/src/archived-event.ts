import { createHash } from 'node:crypto';

/** A row of `event_archive`. Times are microseconds since 1970, the precision of both Postgres and Parquet. */
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

/** Events in memory at a time: of the largest these are 1 MB, which dies young; of 500, 50 to 200 MB stay. */
export const BATCH_SIZE = 100;

/** What a set of events adds up to: equal digests are equal events, whichever side they were read from. */
export interface Summary {
  readonly events: number;
  readonly digest: string;
}

/** Sums up events that come in the order of their ids. Needs no more memory for a million than for one. */
export class Summing {
  readonly #hash = createHash('sha256');
  #events = 0;

  add(e: ArchivedEvent): void {
    const { eventId, receivedAtMicros, eventType, queue, occurredAtMicros, fromOutbox, appId, traceparent, body } = e;
    const values = [
      eventId,
      receivedAtMicros,
      eventType,
      queue,
      occurredAtMicros,
      fromOutbox,
      appId,
      traceparent,
      body,
    ];
    this.#hash.update(`${JSON.stringify(values)}\n`);
    this.#events += 1;
  }

  /** Ends the sum. */
  end(): Summary {
    return { events: this.#events, digest: this.#hash.digest('hex') };
  }
}

export function sameSummary(a: Summary, b: Summary): boolean {
  return a.events === b.events && a.digest === b.digest;
}
