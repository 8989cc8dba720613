import { z } from 'zod';
import { instant as anyInstant } from './fields.js';
import { source } from './source.js';

/** PostgreSQL has no year 0 and would refuse a batch with such a watermark again and again. */
const instant = anyInstant.refine((text) => !text.startsWith('0000'), 'must be of the year 1 or later');

/** Unpublished events are counted up to this number, because counting millions would exceed the statement timeout. */
export const MOST_WAITING = 1_000_000;

/** Limits on the problems in a watermark. */
export const MAX_PROBLEMS = 10;
const MAX_CODE_LENGTH = 60;
export const MAX_DETAIL_LENGTH = 500;

/**
 * A report of the write side to the read side, sent every second: how many events were committed in each second of the
 * write database's clock, up to the commit horizon. The consumer counts the events that it has accounted for by the
 * same seconds, and the difference is missing in the views.
 */
export const watermark = z.object({
  /** End of the last second of this report, by the write database's clock. */
  measuredAt: instant,
  /** Time of sending, by the write database's clock. */
  toldAt: instant.optional(),
  /** Start of this report. If it is later than the end of all earlier reports, a watermark is missing. */
  from: instant,
  /** True when the outbox has no event before `from`, so that no earlier watermark is needed. */
  isFirst: z.boolean(),
  /** Events committed before this time were deleted from the outbox. A reader without reports up to it lacks events. */
  prunedUntil: instant.optional(),
  /** Committed events per second (`second` = start of that second), and the first event in it. */
  seconds: z.array(z.object({ second: instant, committed: z.int().min(0), firstAt: instant })),
  /** Number of events that the broker has not confirmed yet, as last counted, up to MOST_WAITING. */
  waiting: z.int().min(0),
  /** The write database of these counts. Version 0.1 does not send it. */
  source: source.optional(),
  /** Reasons why events stay in the outbox. The codes are those of sync-reasons.ts or of a later version. */
  problems: z
    .array(z.object({ code: z.string().max(MAX_CODE_LENGTH), detail: z.string().max(MAX_DETAIL_LENGTH) }))
    .max(MAX_PROBLEMS)
    .optional(),
});

export type Watermark = z.infer<typeof watermark>;
