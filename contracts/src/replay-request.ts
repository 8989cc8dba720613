import { z } from 'zod';
import { instant } from './fields.js';

/** One request covers this many seconds of the write side's clock at most: 270 kB, and 0.4 s of its database. */
export const MAX_REPLAY_SECONDS = 10_000;

/**
 * What the read side asks of the write side when something that the broker had confirmed never arrived (a queue was
 * deleted, a broker lost its disk). Asking twice does no harm: what comes twice is counted once.
 */
export const replayRequest = z.object({
  /** Starts of seconds of which some events are missing: publish these again. */
  seconds: z.array(instant).max(MAX_REPLAY_SECONDS),
  /** Watermarks are missing: tell again what was committed, from this time, or from the beginning (null). */
  tellFrom: instant.nullable().optional(),
});

export type ReplayRequest = z.infer<typeof replayRequest>;
