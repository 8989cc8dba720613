import { randomUUID } from 'node:crypto';
import { onPool, type Pool } from '@tallyline/chassis/postgres/pool';
import type { Logger } from '@tallyline/chassis/process/logger';
import { type Loop, startLoop } from '@tallyline/chassis/process/loop';
import type { SyncProblem } from '@tallyline/contracts/sync-reasons';
import { storeProblems } from './problems.sql.js';

const INTERVAL_MS = 3_000;

/**
 * Stores in the read database what keeps this consumer from its work, so that sync-status can name it. A problem is stored
 * when it has lasted for an interval: a restart of a server or a new session of the broker is over by then.
 */
export function startProblemReports(pool: Pool, log: Logger, findProblems: () => readonly SyncProblem[]): Loop {
  const reporter = randomUUID();
  let before: readonly SyncProblem[] = [];
  let isReported = false;
  return startLoop('problem reports', log, {
    idleMs: INTERVAL_MS,
    turn: async () => {
      const found = findProblems();
      const lasting = found.filter(({ code }) => before.some((problem) => problem.code === code));
      before = found;
      if (lasting.length > 0 || isReported) await storeProblems(onPool(pool), reporter, lasting);
      isReported = lasting.length > 0;
      return 'idle';
    },
  });
}
