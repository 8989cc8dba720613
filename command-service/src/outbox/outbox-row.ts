import { takeRandomBytes } from '@tallyline/chassis/batching/random-bytes';
import { type EventOf, type EventType, events } from '@tallyline/contracts/events';
import { v7 as uuidv7 } from 'uuid';
import type { EventTime } from './event-time.sql.js';

type Facts<T extends EventType> = Omit<EventOf<T>, 'eventId' | 'eventType' | 'occurredAt' | 'version'>;

interface EventWith<T extends EventType> {
  readonly type: T;
  readonly facts: Facts<T>;
  /** The request that caused the event. */
  readonly traceparent: string;
  /** When it happened, if that was before it is stored: an imported order was placed long ago. */
  readonly occurredAt?: Date;
}

/** An event as the domain knows it, without identity, time of commit and transport. */
export type DomainEvent = { readonly [T in EventType]: EventWith<T> }[EventType];

export interface OutboxRow {
  readonly id: string;
  readonly topic: string;
  /** The JSON of the message. */
  readonly payload: string;
  readonly traceparent: string;
  readonly createdAt: Date;
  /** Relays claim the row only from this time on. Undefined: at once. */
  readonly retryAt: Date | undefined;
}

/**
 * The outbox row of an event. The UUIDv7 contains `createdAt`, which is the database's clock in whole milliseconds. So one
 * index serves identity and time, and no two clocks are compared.
 */
export function outboxRow(
  { type, facts, traceparent, occurredAt }: DomainEvent,
  createdAt: EventTime,
  retryAt?: Date | undefined,
): OutboxRow {
  const id = uuidv7({ msecs: createdAt.getTime(), random: takeRandomBytes(16) });
  const at = (occurredAt ?? createdAt).toISOString();
  const payload = JSON.stringify({ eventId: id, eventType: type, occurredAt: at, ...facts });
  return { id, topic: events[type].topic, payload, traceparent, createdAt, retryAt };
}
