import { compareVersions } from '../process/version.js';
import type { Queryable } from './pool.js';

/**
 * The table `service_heartbeats` says which services run and in which version. Each service repeats its row every few
 * seconds and deletes it at a clean stop. All times are the database's.
 */

/** A service that was seen within this time may still run. */
export const SEEN_SECONDS = 60;
/** Rows of services that were killed are deleted after this time. */
const KEPT_HOURS = 1;

export interface Reporter {
  /** A random id of the process. */
  readonly reporter: string;
  readonly service: string;
  readonly version: string;
}

export async function writeHeartbeat(db: Queryable, { reporter, service, version }: Reporter): Promise<void> {
  await db.query({
    name: 'write-heartbeat',
    text: `
      WITH deleted AS (
        DELETE FROM service_heartbeats WHERE reporter <> $1 AND last_seen_at < now() - $4 * interval '1 hour'
      )
      INSERT INTO service_heartbeats (reporter, service, version) VALUES ($1, $2, $3)
      ON CONFLICT (reporter) DO UPDATE SET last_seen_at = now()`,
    values: [reporter, service, version, KEPT_HOURS],
  });
}

export async function deleteHeartbeat(db: Queryable, reporter: string): Promise<void> {
  await db.query({ text: 'DELETE FROM service_heartbeats WHERE reporter = $1', values: [reporter] });
}

/** The application_name of a service's sessions. It shows the version, also of a process that is frozen and reports nothing. */
export function sessionName(service: string, version: string): string {
  return `${service} ${version}`;
}

/**
 * Finds services of this name that are older than `version` and may still run, and describes each for people: those with a
 * heartbeat in the last 60 s, and those that have a session. A session without a version in its name belongs to a release
 * that wrote no heartbeats. A pooler may have added something to the name.
 */
export async function findOlderServices(db: Queryable, service: string, version: string): Promise<string[]> {
  const rows = await db.query<{ version: string | null; seen: string }>({
    text: `
      SELECT version, 'its last heartbeat was ' || round(extract(epoch FROM now() - max(last_seen_at))) || ' s ago' AS seen
        FROM service_heartbeats
       WHERE service = $1 AND last_seen_at > now() - $2 * interval '1 second' GROUP BY version
      UNION ALL
      SELECT DISTINCT substring(application_name FROM length($1) + 1 FOR 100), 'it has a session in this database'
        FROM pg_stat_activity
       WHERE datname = current_database() AND backend_type = 'client backend' AND starts_with(application_name, $1)`,
    values: [service, SEEN_SECONDS],
  });
  const found = rows.flatMap(({ version: text, seen }) => {
    const [, other] = /^(?: relay)? ?(\d+\.\d+\.\d+)/.exec(text ?? '') ?? [];
    if (other === undefined) return [`${service} of a release without heartbeats: ${seen}`];
    return compareVersions(other, version) < 0 ? [`${service} ${other}: ${seen}`] : [];
  });
  return [...new Set(found)];
}
