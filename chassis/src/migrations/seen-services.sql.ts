import type pg from 'pg';
import type { Heartbeat } from './older-services.js';
import { hasTable } from './schema-migrations.sql.js';

export interface SeenServices {
  readonly heartbeats: readonly Heartbeat[];
  readonly sessionNames: readonly string[];
  /** False in a database that has no table for heartbeats yet, where only connected services can be seen. */
  readonly hasHeartbeats: boolean;
}

/** Reads which services have used the database within the last minute. */
export async function readSeenServices(client: pg.ClientBase): Promise<SeenServices> {
  const hasHeartbeats = await hasTable(client, 'service_heartbeats');
  const { rows: heartbeats } = hasHeartbeats
    ? await client.query<Heartbeat>(
        `SELECT DISTINCT service, version FROM service_heartbeats WHERE last_seen_at > now() - interval '60 seconds'`,
      )
    : { rows: [] };
  const { rows: sessions } = await client.query<{ name: string }>(
    `SELECT DISTINCT application_name AS name FROM pg_stat_activity
      WHERE datname = current_database() AND application_name LIKE '%-service%' ORDER BY 1`,
  );
  return { heartbeats, sessionNames: sessions.map(({ name }) => name), hasHeartbeats };
}
