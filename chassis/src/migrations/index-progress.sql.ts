import { type MigrationSession, withConnection } from './session.sql.js';

const PROGRESS_INTERVAL_MS = 5_000;

interface IndexProgress {
  readonly index: string | null;
  readonly phase: string;
  readonly share: number;
}

/** Says every few seconds how far the index is that the session builds. Returns the function that ends this. */
export async function showIndexProgress(session: MigrationSession, file: string): Promise<() => Promise<void>> {
  const { rows } = await session.client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
  const pid = rows[0]?.pid;
  let underWay = Promise.resolve();
  const look = () =>
    withConnection(session.url, async (client) => {
      const { rows: found } = await client.query<IndexProgress>(
        `SELECT index_relid::regclass::text AS index, phase,
                100 * coalesce(nullif(blocks_done, 0)::float8 / nullif(blocks_total, 0),
                               tuples_done::float8 / nullif(tuples_total, 0), 0) AS share
           FROM pg_stat_progress_create_index WHERE pid = $1`,
        [pid],
      );
      for (const { index, phase, share } of found)
        session.say(`${file}: index ${index ?? ''}: ${phase}, ${Math.floor(share)} % of this phase`);
    });
  // The progress is for information, so a failed look must not end the migration.
  const timer = setInterval(() => {
    underWay = underWay.then(look).catch(() => undefined);
  }, PROGRESS_INTERVAL_MS);
  return () => {
    clearInterval(timer);
    return underWay;
  };
}
