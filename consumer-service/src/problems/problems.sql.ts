import type { Queryable } from '@tallyline/chassis/postgres/pool';
import type { SyncProblem } from '@tallyline/contracts/sync-reasons';

/** Problems of a process that has died are deleted after this time. */
const KEPT_HOURS = 1;

/** Replaces the stored problems of this reporter. Query-service shows them as reasons in sync-status. */
export async function storeProblems(db: Queryable, reporter: string, problems: readonly SyncProblem[]): Promise<void> {
  await db.query({
    name: 'store-problems',
    text: `
      WITH current AS (
        SELECT * FROM unnest($2::text[], $3::text[]) AS problem (code, detail)
      ), deleted AS (
        DELETE FROM service_problems
         WHERE (reporter = $1 AND code NOT IN (SELECT code FROM current))
            OR last_seen_at < clock_timestamp() - $4 * interval '1 hour'
      )
      INSERT INTO service_problems AS p (reporter, code, detail) SELECT $1, code, detail FROM current
      ON CONFLICT (reporter, code) DO UPDATE SET detail = EXCLUDED.detail, last_seen_at = clock_timestamp()`,
    values: [reporter, problems.map(({ code }) => code), problems.map(({ detail }) => detail), KEPT_HOURS],
  });
}
