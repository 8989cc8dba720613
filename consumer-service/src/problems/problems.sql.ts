import type { Queryable } from '@tallyline/chassis/postgres/pool';
import type { SyncProblem } from '@tallyline/contracts/sync-reasons';

/** Reports of processes that died are of no use to anybody after an hour. */
const KEPT_HOURS = 1;

/** Makes the problems of this reporter those that it has now. Query-service shows them as reasons of sync-status. */
export async function storeProblems(db: Queryable, reporter: string, problems: readonly SyncProblem[]): Promise<void> {
  await db.query({
    name: 'store-problems',
    text: `
      WITH now_had AS (
        SELECT * FROM unnest($2::text[], $3::text[]) AS had (code, detail)
      ), gone AS (
        DELETE FROM service_problems
         WHERE (reporter = $1 AND code NOT IN (SELECT code FROM now_had))
            OR last_seen_at < clock_timestamp() - $4 * interval '1 hour'
      )
      INSERT INTO service_problems AS p (reporter, code, detail) SELECT $1, code, detail FROM now_had
      ON CONFLICT (reporter, code) DO UPDATE SET detail = EXCLUDED.detail, last_seen_at = clock_timestamp()`,
    values: [reporter, problems.map(({ code }) => code), problems.map(({ detail }) => detail), KEPT_HOURS],
  });
}
