import type { Publisher } from '@tallyline/chassis/broker/publisher';
import { type EventOrigin, eventMessage, type PublishableRow } from './event-message.js';
import type { PublishResult } from './publish-results.js';

/** An open connection, and the origin that is written into the events published on it. */
export interface Broker {
  readonly publisher: Publisher;
  readonly origin: EventOrigin;
}

/** Resolves when the broker has answered for every row. Never rejects. */
export async function publishRows(
  { publisher, origin }: Broker,
  rows: readonly PublishableRow[],
): Promise<PublishResult[]> {
  const outcomes = await publisher.publishAll(rows, (row) => eventMessage(row, origin));
  return rows.map(({ id, topic }, index) => {
    const outcome = outcomes[index] ?? 'failed';
    return outcome === 'rejected'
      ? { id, topic, outcome, rejection: publisher.whyRejected(topic, id) }
      : { id, topic, outcome };
  });
}
