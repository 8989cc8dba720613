import { z } from 'zod';
import { instant } from './fields.js';

/** Limits one request to about 270 kB and half a second of work for the write database. */
export const MAX_REPLAY_SECONDS = 10_000;

/**
 * Asks the write side for events or watermarks that the broker confirmed but that never arrived, because a queue was
 * deleted or a broker lost its disk. Repeating a request is harmless, because copies are recognised.
 */
export const replayRequest = z.object({
  /** Seconds (their start) with missing events; the write side publishes all events of these seconds again. */
  seconds: z.array(instant).max(MAX_REPLAY_SECONDS),
  /** Set when watermarks are missing: the write side reports its counts again from this time, or all of them (null). */
  tellFrom: instant.nullable().optional(),
});

export type ReplayRequest = z.infer<typeof replayRequest>;
