import type { Publisher } from '@tallyline/chassis/publisher';
import { eventMessage, type PublishableRow } from './event-message.js';
import type { Sent } from './settlement.js';

/** Resolves when the broker has answered for every row. Never rejects. */
export async function publishRows(publisher: Publisher, rows: readonly PublishableRow[]): Promise<Sent[]> {
  const outcomes = await publisher.publishAll(rows, eventMessage);
  return rows.map(({ id, topic }, index) => {
    const outcome = outcomes[index] ?? 'failed';
    return outcome === 'rejected'
      ? { id, topic, outcome, rejection: publisher.whyRejected(topic, id) }
      : { id, topic, outcome };
  });
}
