import { takeRandomBytes } from '@tallyline/chassis/process/random-bytes';
import { type EventOf, type EventType, events } from '@tallyline/contracts/events';
import { v7 as uuidv7 } from 'uuid';
import type { EventTime } from './event-time.sql.js';

export interface OutboxRow {
  readonly id: string;
  readonly topic: string;
  /** The event as it will stand on the wire, JSON. */
  readonly payload: string;
  readonly traceparent: string;
  readonly createdAt: Date;
  /** Until then the relays leave it to its writer. */
  readonly retryAt: Date | undefined;
}

type Facts<T extends EventType> = Omit<EventOf<T>, 'eventId' | 'eventType' | 'occurredAt' | 'version'>;

/**
 * The outbox row of an event. `createdAt` is the database's clock in whole milliseconds: the row's time and the time inside
 * its UUIDv7, so one index serves identity and time, and no two clocks are compared. `occurredAt`, what the event itself
 * says, is another for orders of the past alone.
 */
export function outboxRow<T extends EventType>(
  type: T,
  facts: Facts<T>,
  createdAt: EventTime,
  traceparent: string,
  { occurredAt = createdAt, retryAt }: { readonly occurredAt?: Date; readonly retryAt?: Date | undefined } = {},
): OutboxRow {
  const id = uuidv7({ msecs: createdAt.getTime(), random: takeRandomBytes(16) });
  const payload = JSON.stringify({ eventId: id, eventType: type, occurredAt: occurredAt.toISOString(), ...facts });
  return { id, topic: events[type].topic, payload, traceparent, createdAt, retryAt };
}
