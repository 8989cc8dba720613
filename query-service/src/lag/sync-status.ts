import { type Route, route } from '@tallyline/chassis/http/route';
import type { Queryable, Statement } from '@tallyline/chassis/postgres/pool';
import { instant } from '@tallyline/contracts/fields';
import { syncReasonCodes } from '@tallyline/contracts/sync-reasons';
import { MOST_WAITING } from '@tallyline/contracts/watermark';
import { z } from 'zod';
import { decideSyncStatus, type SyncFacts, syncStates } from './decide-sync-status.js';

/** All of 3,000,000 seconds took 0.6 s to add up, and a read database of which ten times as many are told had no answer. */
const MOST_SECONDS = 100_000;

/** A problem is reported every 3 s; one that was last seen before is of a service that is gone, or well again. */
const PROBLEM_SECONDS = 15;

export const syncStatus = z.object({
  status: z.enum(syncStates).meta({
    description:
      'in-sync: every event committed up to completeUpTo is in the views. catching-up: some are not yet. ' +
      'incomplete: all are accounted for, but the views lack some or hold others; see reasons. ' +
      'stale: what the write side has reported ends more than 4 s ago. unknown: it has reported nothing yet',
  }),
  reasons: z
    .array(
      z.object({
        code: z.string().meta({ description: `One of ${syncReasonCodes.join(', ')}; later versions may add others` }),
        detail: z.string(),
        action: z.string().meta({ description: 'What to do; docs/operations.md says more under the code' }),
      }),
    )
    .meta({ description: 'Why it is not in-sync, the causes first; empty when it is' }),
  lagSeconds: z.number().min(0).nullable(),
  pendingEvents: z
    .int()
    .min(0)
    .meta({ description: `Of the oldest ${MOST_SECONDS} seconds that lack any, at most` }),
  waitingInOutbox: z
    .int()
    .min(0)
    .meta({ description: `Counted up to ${MOST_WAITING}` }),
  setAsideEvents: z.int().min(0),
  lacksHistory: z.boolean().meta({
    description: 'The write side pruned events that these views never saw; restore the archive and rebuild',
  }),
  completeUpTo: instant.nullable().meta({
    description: 'Every event committed before is in the views or was set aside, unless `lacksHistory`',
  }),
  lastProcessedEventTimestamp: instant.nullable(),
});

/** How far the views are behind, as this side can prove it. Both ages compare the write side's clock with itself. */
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

export async function readSyncStatus(db: Queryable) {
  return decideSyncStatus(await readSyncFacts(db));
}

/** Needs every table that says how far the views are. */
export const syncFactsStatement: Statement = {
  name: 'sync-status',
  text: `
      SELECT s.measured_at AS "measuredAt",
             extract(epoch FROM clock_timestamp() - s.clock_offset - s.measured_at)::float8 AS "watermarkAgeSeconds",
             oldest.first_at AS "oldestPendingAt",
             extract(epoch FROM clock_timestamp() - s.clock_offset - oldest.first_at)::float8 AS "oldestPendingAgeSeconds",
             pending.events AS "pendingEvents",
             s.waiting AS "waitingInOutbox",
             (SELECT count(*) FROM dead_letters WHERE NOT forgotten) AS "setAsideEvents",
             (SELECT count(*) FROM dead_letters WHERE counted AND NOT forgotten) AS "setAsideOwnEvents",
             s.lacks_history AS "lacksHistory",
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
          -- Not behind a gap in what was told: what is not known of there may be older.
          SELECT first_at FROM event_ledger WHERE settled < committed AND second < s.measured_at ORDER BY second LIMIT 1
        ) oldest ON true
       CROSS JOIN (
          SELECT COALESCE(sum(missing), 0)::bigint AS events FROM (
            SELECT committed - settled AS missing FROM event_ledger WHERE settled < committed ORDER BY second LIMIT $1
          ) oldest_seconds
        ) pending`,
  values: [MOST_SECONDS, PROBLEM_SECONDS],
};

async function readSyncFacts(db: Queryable): Promise<SyncFacts> {
  const [row] = await db.query<SyncFacts>(syncFactsStatement);
  if (row === undefined) throw new Error('sync_state has no row; apply init-read.sql');
  return row;
}
