import type { Queryable } from '@tallyline/chassis/postgres';
import { type Route, route } from '@tallyline/chassis/route';
import { instant } from '@tallyline/contracts/fields';
import { MOST_WAITING } from '@tallyline/contracts/watermark';
import { z } from 'zod';
import { decideSyncStatus, type SyncFacts, syncStates } from './decide-sync-status.js';

/** All of 3,000,000 seconds took 0.6 s to add up, and a read database of which ten times as many are told had no answer. */
const MOST_SECONDS = 100_000;

export const syncStatus = z.object({
  status: z.enum(syncStates).meta({
    description:
      'in-sync: every event committed up to completeUpTo is in the views. catching-up: some are not yet. ' +
      'incomplete: all came, but some were set aside (npm run dead-letters), or old ones never came (lacksHistory). ' +
      'stale: what the write side has told ends more than 4 s ago. unknown: it has told nothing yet',
  }),
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

async function readSyncFacts(db: Queryable): Promise<SyncFacts> {
  const [row] = await db.query<SyncFacts>({
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
    values: [MOST_SECONDS],
  });
  if (row === undefined) throw new Error('sync_state has no row; apply init-read.sql');
  return row;
}
