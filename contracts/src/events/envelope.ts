import { z } from 'zod';
import { instant, optional } from '../fields.js';

/**
 * What every event has. The body is flat JSON; readers ignore fields that they do not know; a body whose `version` is
 * not 1 is not for this code and is set aside. A missing version means 1.
 */
export const envelope = {
  /** UUIDv7, also the AMQP messageId. A foreign publisher may leave it out. */
  eventId: optional(z.uuid()),
  version: optional(z.literal(1)),
  /** When it happened: by the write database's clock, and as it was told for an imported order of the past. */
  occurredAt: instant,
};
