import { type Route, route } from '@tallyline/chassis/http/route';
import type { Queryable, Statement } from '@tallyline/chassis/postgres/pool';
import { instant } from '@tallyline/contracts/fields';
import { syncReasonCodes } from '@tallyline/contracts/sync-reasons';
import { retiredViews, viewRevisions } from '@tallyline/contracts/view-revisions';
import { MOST_WAITING } from '@tallyline/contracts/watermark';
import { z } from 'zod';
import { decideSyncStatus, type SyncFacts, syncStates } from './decide-sync-status.js';

/** Adding up every second of a long backlog would exceed the statement timeout, so pending events are counted this far. */
const MAX_SUMMED_SECONDS = 100_000;

/** A service repeats its problems every 3 s. A problem that is older than this was solved, or its service has stopped. */
const MAX_PROBLEM_AGE_SECONDS = 15;

export const syncStatus = z.object({
  status: z.enum(syncStates).meta({
    description:
      'in-sync: every event committed up to completeUpTo is in the views. catching-up: some are not yet. ' +
      'incomplete: all are accounted for, but the views lack some or contain foreign ones; see reasons. ' +
      'stale: the newest report of the write side is more than 4 s old. unknown: it has reported nothing yet',
  }),
  reasons: z
    .array(
      z.object({
        code: z.string().meta({ description: `One of ${syncReasonCodes.join(', ')}; later versions may add more` }),
        detail: z.string(),
        action: z.string().meta({ description: 'What to do; docs/operations.md says more under the code' }),
      }),
    )
    .meta({ description: 'Why the views are not in sync, causes before consequences; empty when they are' }),
  lagSeconds: z.number().min(0).nullable(),
  pendingEvents: z
    .int()
    .min(0)
    .meta({ description: `Counted over the oldest ${MAX_SUMMED_SECONDS} seconds with missing events at most` }),
  waitingInOutbox: z
    .int()
    .min(0)
    .meta({ description: `Counted up to ${MOST_WAITING}` }),
  setAsideEvents: z.int().min(0),
  parkedEvents: z.int().min(0).meta({ description: 'Events that are newer than the consumer that received them' }),
  lacksHistory: z.boolean().meta({
    description: 'The write side pruned events that these views never saw; restore the archive and rebuild',
  }),
  viewsLackingHistory: z.array(z.string()).meta({
    description:
      'New views, or views with a new column, that lack events which older consumers have applied; rebuild them',
  }),
  completeUpTo: instant.nullable().meta({
    description:
      'Every event committed before this is in the views, is a dead letter or is parked, unless `lacksHistory`; ' +
      'the views of `viewsLackingHistory` lack older events',
  }),
  lastProcessedEventTimestamp: instant.nullable(),
});

/** Answers how far the views are behind, as far as the read side can prove it. */
export function syncStatusRoute(db: Queryable): Route {
  return route(
    'get',
    '/api/analytics/sync-status',
    {
      summary: 'How far the views are behind',
      answer: {
        status: 200,
        description: 'See `status`; `lagSeconds` is null before the first watermark',
        schema: syncStatus,
      },
    },
    async () => ({ body: await readSyncStatus(db) }),
  );
}

export async function readSyncStatus(db: Queryable, statement = syncFactsStatement) {
  return decideSyncStatus(await readSyncFacts(db, statement));
}

/**
 * Reads the facts from which the status follows. Both ages are measured by the write side's clock: the offset turns this
 * database's time into the time of that clock.
 *
 * A view of this release lacks history unless its row says otherwise, so that a row that is missing hides nothing. A view that
 * only another release has is named as long as its row says so, unless this release has retired it.
 */
const SYNC_FACTS = `
      SELECT s.measured_at AS "measuredAt",
             extract(epoch FROM clock_timestamp() - s.clock_offset - s.measured_at)::float8 AS "watermarkAgeSeconds",
             oldest.first_at AS "oldestPendingAt",
             extract(epoch FROM clock_timestamp() - s.clock_offset - oldest.first_at)::float8 AS "oldestPendingAgeSeconds",
             pending.events AS "pendingEvents",
             s.waiting AS "waitingInOutbox",
             (SELECT count(*) FROM dead_letters WHERE NOT forgotten) AS "setAsideEvents",
             (SELECT count(*) FROM dead_letters WHERE counted AND NOT forgotten) AS "deadLettersFromOutbox",
             (SELECT events FROM parked_count) AS "parkedEvents",
             s.lacks_history AS "lacksHistory",
             to_json(ARRAY(
               SELECT own.view FROM unnest($3::text[], $4::int[]) AS own (view, revision)
                WHERE NOT EXISTS (SELECT FROM view_history h
                                   WHERE h.view = own.view AND h.revision >= own.revision AND h.complete)
                UNION SELECT view FROM view_history WHERE NOT complete AND view <> ALL ($5::text[]) ORDER BY view
             )) AS "viewsLackingHistory",
             s.gap_since IS NOT NULL AS "hasGap",
             (SELECT doubt FROM sources WHERE is_counted) AS "doubt",
             to_json(ARRAY(SELECT source_id FROM sources WHERE NOT is_counted ORDER BY source_id LIMIT 10)) AS "otherSources",
             s.write_problems || COALESCE((
               SELECT jsonb_agg(jsonb_build_object('code', code, 'detail', detail) ORDER BY code)
                 FROM (SELECT code, min(detail) AS detail FROM service_problems
                        WHERE last_seen_at > clock_timestamp() - $2 * interval '1 second' GROUP BY code) AS current
             ), '[]') AS "problems",
             (SELECT last_settled_at FROM event_ledger WHERE settled > 0 ORDER BY second DESC LIMIT 1) AS "lastProcessedAt"
        FROM sync_state s
        LEFT JOIN LATERAL (
          -- Seconds after a gap in the watermarks do not count: an older event may be missing inside the gap.
          SELECT first_at FROM event_ledger WHERE settled < committed AND second < s.measured_at ORDER BY second LIMIT 1
        ) oldest ON true
       CROSS JOIN (
          SELECT COALESCE(sum(missing), 0)::bigint AS events FROM (
            SELECT committed - settled AS missing FROM event_ledger WHERE settled < committed ORDER BY second LIMIT $1
          ) oldest_seconds
        ) pending`;

export function syncFactsOf(revisions: Readonly<Record<string, number>>, retired: readonly string[]): Statement {
  return {
    name: 'sync-status',
    text: SYNC_FACTS,
    values: [MAX_SUMMED_SECONDS, MAX_PROBLEM_AGE_SECONDS, Object.keys(revisions), Object.values(revisions), retired],
  };
}

export const syncFactsStatement = syncFactsOf(viewRevisions, retiredViews);

async function readSyncFacts(db: Queryable, statement: Statement): Promise<SyncFacts> {
  const [row] = await db.query<SyncFacts>(statement);
  if (row === undefined) throw new Error('sync_state has no row; apply init-read.sql');
  return row;
}
