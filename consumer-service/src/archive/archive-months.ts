import { databaseError } from '@tallyline/chassis/postgres/errors';
import { onPool, type Pool } from '@tallyline/chassis/postgres/pool';
import type { Logger } from '@tallyline/chassis/process/logger';
import { type Loop, startLoop } from '@tallyline/chassis/process/loop';
import { createArchiveMonths } from './archive.sql.js';

const INTERVAL_MS = 3_600_000;
const CHECK_VIOLATION = '23514';

/** Makes the archive's partitions a month ahead, so that no batch ever has to. */
export function startArchiveMonths(pool: Pool, log: Logger): Loop {
  return startLoop('archive months', log, {
    idleMs: INTERVAL_MS,
    turn: async () => {
      await createArchiveMonths(onPool(pool));
      return 'idle';
    },
  });
}

/** True when the archive has no partition for now (a clock that jumped): nothing is wrong with the events. */
export function isMissingMonth(error: unknown): boolean {
  const refusal = databaseError(error);
  return refusal?.code === CHECK_VIOLATION && refusal.table === 'event_archive';
}
