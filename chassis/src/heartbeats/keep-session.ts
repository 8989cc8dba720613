import { onPool, type Pool } from '../postgres/pool.js';
import type { Logger } from '../process/logger.js';
import { startLoop } from '../process/loop.js';

/** Shorter than the 10 s after which a pool closes an idle session. */
const INTERVAL_MS = 5_000;

/**
 * Makes sure that the pool has a session while the service runs, so that the name of the session shows the service and its
 * version. A service needs this if it has no right to write heartbeats. Its pool alone would close all sessions when
 * nobody uses them. Returns the function that ends this, which must be called before the pool ends.
 */
export function keepSession(pool: Pool, log: Logger): () => Promise<void> {
  const loop = startLoop('database session', log, {
    idleMs: INTERVAL_MS,
    turn: async () => {
      await onPool(pool).query({ text: 'SELECT' });
      return 'idle';
    },
  });
  // Each session ends after half an hour at the latest. The next one is opened at once.
  const onRemove = () => loop.wake();
  pool.on('remove', onRemove);
  return () => {
    pool.removeListener('remove', onRemove);
    return loop.stop();
  };
}
