import { databaseError } from '@tallyline/chassis/postgres/errors';
import { onPool, type Pool } from '@tallyline/chassis/postgres/pool';
import type { Logger } from '@tallyline/chassis/process/logger';
import { type Loop, startLoop } from '@tallyline/chassis/process/loop';
import { createArchiveMonths } from './archive.sql.js';

const INTERVAL_MS = 3_600_000;
const CHECK_VIOLATION = '23514';

/** Creates the archive's partitions a month ahead, so that no batch has to. */
export function startArchiveMonths(pool: Pool, log: Logger): Loop {
  return startLoop('archive months', log, {
    idleMs: INTERVAL_MS,
    turn: async () => {
      await createArchiveMonths(onPool(pool));
      return 'idle';
    },
  });
}

/** True when the archive has no partition for the current time, because a clock jumped. The event itself is valid. */
export function isMissingMonth(error: unknown): boolean {
  const refusal = databaseError(error);
  return refusal?.code === CHECK_VIOLATION && refusal.table === 'event_archive';
}
