import { randomUUID } from 'node:crypto';
import { onPool, type Pool } from '../postgres/pool.js';
import type { Logger } from '../process/logger.js';
import { startLoop } from '../process/loop.js';
import { ownVersion } from '../process/version.js';
import { deleteHeartbeat, writeHeartbeat } from './heartbeats.sql.js';

const INTERVAL_MS = 5_000;
/** A database that is away delays the start and the stop of its service by this time at most. */
const LIMIT_MS = 2_000;

export interface HeartbeatOptions {
  readonly pool: Pool;
  readonly log: Logger;
  readonly service: string;
  readonly intervalMs?: number;
}

export interface Heartbeat {
  /** Deletes the row, so that nobody waits for this service. */
  stop(): Promise<void>;
}

/**
 * Reports to the database every few seconds that this process runs, and in which version. Returns after the first attempt, so
 * that the row is there before the service starts to work. If the database is away, the service starts without it.
 */
export async function startHeartbeat({
  pool,
  log,
  service,
  intervalMs = INTERVAL_MS,
}: HeartbeatOptions): Promise<Heartbeat> {
  const self = { reporter: randomUUID(), service, version: ownVersion };
  let attempted: () => void = () => undefined;
  const first = new Promise<void>((resolve) => {
    attempted = resolve;
  });
  const loop = startLoop('heartbeat', log, {
    idleMs: intervalMs,
    turn: async () => {
      await writeHeartbeat(onPool(pool), self).finally(attempted);
      return 'idle';
    },
  });
  await withinLimit(first);
  const end = async () => {
    await loop.stop();
    await deleteHeartbeat(onPool(pool), self.reporter).catch((error: unknown) =>
      log.debug({ err: error }, 'the heartbeat row was not deleted; it expires by itself'),
    );
  };
  return { stop: () => withinLimit(end()) };
}

async function withinLimit(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, LIMIT_MS);
  });
  await Promise.race([work, limit]).finally(() => clearTimeout(timer));
}
