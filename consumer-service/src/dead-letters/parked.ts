import { onPool } from '@tallyline/chassis/postgres/pool';
import { messageOf, type ParkedRow } from '../parked-events/parked-event.js';
import { parkedMessages } from '../parked-events/parked-events.sql.js';
import type { DeadLetterMessage } from './dead-letter-message.js';
import type { Selection } from './selection.js';

/** A parked event in the form of a message from a dead-letter queue, so that the commands treat both alike. */
export interface ParkedMessage extends DeadLetterMessage {
  readonly row: ParkedRow;
}

/** Yields the selected parked events with their messages, in pages. */
export async function* parkedPages({ pool, queues, ids }: Selection): AsyncGenerator<ParkedMessage[]> {
  for await (const rows of parkedMessages(onPool(pool), queues, ids)) {
    yield rows.map((row) => {
      const { id, queue, type, reason, parkedAt } = row;
      const firstSeenAt = parkedAt.toISOString();
      return { id, queue, type, reason, brokerReason: '', firstSeenAt, message: messageOf(row), row };
    });
  }
}

export function parkedLine({ id, parkedAt, queue, type, reason }: ParkedRow): string {
  const note = '[parked: a release that knows it applies it by itself]';
  return `${id}  ${parkedAt.toISOString()}  ${queue}  ${type}  ${reason}  ${note}`;
}

export function parkedJson({ id, parkedAt, queue, type, version, reason, fromOutbox }: ParkedRow) {
  return {
    id,
    queue,
    type,
    version,
    reason,
    firstSeenAt: parkedAt.toISOString(),
    counted: fromOutbox,
    recorded: true,
    hasMessage: true,
    applied: false,
    parked: true,
  };
}
