import type { Publisher } from '@tallyline/chassis/broker/publisher';
import { type EventOrigin, eventMessage, type PublishableRow } from './event-message.js';
import type { Sent } from './settlement.js';

/** A connection that takes events, and where the events say that they come from. */
export interface Broker {
  readonly publisher: Publisher;
  readonly origin: EventOrigin;
}

/** Resolves when the broker has answered for every row. Never rejects. */
export async function publishRows({ publisher, origin }: Broker, rows: readonly PublishableRow[]): Promise<Sent[]> {
  const outcomes = await publisher.publishAll(rows, (row) => eventMessage(row, origin));
  return rows.map(({ id, topic }, index) => {
    const outcome = outcomes[index] ?? 'failed';
    return outcome === 'rejected'
      ? { id, topic, outcome, rejection: publisher.whyRejected(topic, id) }
      : { id, topic, outcome };
  });
}
