import type { Queryable } from '../postgres/pool.js';
import { type Heartbeat, olderServices, readSessionName } from './older-services.js';

/**
 * The table `service_heartbeats` says which services run and in which version. Each service repeats its row every few
 * seconds and deletes it at a clean stop. All times are the database's.
 */

/** A service that was seen within this time may still run. */
const SEEN_SECONDS = 60;
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

export interface SeenServices {
  readonly heartbeats: readonly Heartbeat[];
  readonly sessionNames: readonly string[];
  /** False in a database that has no table for heartbeats yet, where only connected services can be seen. */
  readonly hasHeartbeats: boolean;
}

/** Reads which services have used the database within the last minute. */
export async function readSeenServices(db: Queryable): Promise<SeenServices> {
  const [table] = await db.query<{ exists: boolean }>({
    text: "SELECT to_regclass('service_heartbeats') IS NOT NULL AS exists",
  });
  const hasHeartbeats = table?.exists === true;
  const heartbeats = hasHeartbeats
    ? await db.query<Heartbeat>({
        text: `SELECT DISTINCT service, version FROM service_heartbeats
                WHERE last_seen_at > now() - $1 * interval '1 second' ORDER BY 1, 2`,
        values: [SEEN_SECONDS],
      })
    : [];
  const sessions = await db.query<{ name: string }>({
    // A reader without rights on the sessions of others sees their names, but NULL in most other columns.
    text: 'SELECT DISTINCT application_name AS name FROM pg_stat_activity WHERE datname = current_database() ORDER BY 1',
  });
  return { heartbeats, sessionNames: sessions.map(({ name }) => name), hasHeartbeats };
}

/** Finds copies of a service that are older than `version` and may still run, and describes each for people. */
export async function findOlderServices(db: Queryable, service: string, version: string): Promise<string[]> {
  const { heartbeats, sessionNames } = await readSeenServices(db);
  return olderServices(
    version,
    heartbeats.filter((heartbeat) => heartbeat.service === service),
    sessionNames.filter((name) => readSessionName(name)?.service === service),
  );
}
