import { setTimeout as delay } from 'node:timers/promises';
import { classify } from '../postgres/errors.js';
import { describeOldestTransactions, type MigrationSession } from './session.sql.js';

/**
 * Runs `attempt` again after a lock timeout, a deadlock or a serialization failure, with growing pauses. `stored` says
 * what the database has when the attempts are exhausted.
 */
export async function retryLocks<T>(
  { client, say, limits }: MigrationSession,
  file: string,
  stored: string,
  attempt: () => Promise<T>,
): Promise<T> {
  for (let number = 1; ; number += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (classify(error) !== 'contention') throw error;
      const reason = (error as Error).message;
      if (number === limits.attempts) {
        throw new Error(
          `${file}: others held its locks at each of ${limits.attempts} attempts (${reason}). ${stored} ` +
            `${await describeOldestTransactions(client)} Wait until they end, or end them ` +
            'with pg_terminate_backend(pid), then run the command again',
          { cause: error },
        );
      }
      const pauseMs = Math.min(limits.firstPauseMs * 2 ** (number - 1), limits.longestPauseMs);
      say(`${file}: ${reason} (attempt ${number} of ${limits.attempts}), next attempt in ${pauseMs / 1_000} s`);
      await delay(pauseMs);
    }
  }
}
