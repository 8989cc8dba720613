import { z } from 'zod';
import { instant as anyInstant } from './fields.js';
import { source } from './source.js';

/** PostgreSQL knows no year 0, and would refuse the batch that such a watermark came with again and again. */
const instant = anyInstant.refine((text) => !text.startsWith('0000'), 'must be of the year 1 or later');

/** Waiting events are counted up to here: more would be no more news, and eight million take as long as a statement may. */
export const MOST_WAITING = 1_000_000;

/** A watermark names so many problems at most, each in so many characters. */
export const MAX_PROBLEMS = 10;
const MAX_CODE_LENGTH = 60;
export const MAX_DETAIL_LENGTH = 500;

/**
 * What the write side tells the read side about itself, every second: how many events were committed in each second of
 * its own clock, for seconds in which nothing more can be committed. The consumer counts what it settled per second of
 * the same clock, and the difference is what the views do not include.
 */
export const watermark = z.object({
  /** End of the last second that is counted, by the write database's clock. */
  measuredAt: instant,
  /** The same clock when this was told. */
  toldAt: instant.optional(),
  /** The counts are of every second from here on: where this is later than all that was told before, something was lost. */
  from: instant,
  /** The outbox holds no event from before `from`: this watermark needs none before it. */
  isFirst: z.boolean(),
  /** Events committed until then have been pruned from the outbox: who was told less lacks history. */
  prunedUntil: instant.optional(),
  /** Committed events per second (`second` = start of that second), and the first event in it. */
  seconds: z.array(z.object({ second: instant, committed: z.int().min(0), firstAt: instant })),
  /** Committed but not yet confirmed by the broker, as last counted, up to MOST_WAITING. */
  waiting: z.int().min(0),
  /** Whose counts these are. Left out by version 0.1. */
  source: source.optional(),
  /** What keeps events in the outbox; the codes are those of sync-reasons.ts, or later ones. */
  problems: z
    .array(z.object({ code: z.string().max(MAX_CODE_LENGTH), detail: z.string().max(MAX_DETAIL_LENGTH) }))
    .max(MAX_PROBLEMS)
    .optional(),
});

export type Watermark = z.infer<typeof watermark>;
