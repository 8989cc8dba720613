import { z } from 'zod';
import { instant, optional } from '../fields.js';

/**
 * The fields of every event of version 1. The body is flat JSON, and readers ignore fields that they do not know. Each version
 * of an event has its own schema with its own literal `version`; a missing version means 1.
 */
export const envelope = {
  /** UUIDv7, also the AMQP messageId. A foreign publisher may leave it out. */
  eventId: optional(z.uuid()),
  version: optional(z.literal(1)),
  /** The time of the event by the write database's clock. In OrderCreated of version 1 it is the time of the order. */
  occurredAt: instant,
};

/** The fields of every event of a later version. */
export function versioned<const V extends number>(version: V) {
  return { ...envelope, version: z.literal(version) };
}
