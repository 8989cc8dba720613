import { setTimeout as delay } from 'node:timers/promises';
import type { ChannelModel } from 'amqplib';
import type { Logger } from '../process/logger.js';
import { startLoop } from '../process/loop.js';
import { ensureTopology, type Topology, type TopologyProblem } from './topology.js';

/** What is deleted from the topology is made again within this time. */
const INTERVAL_MS = 10_000;
/** Somebody who notices that something is missing may notice it a thousand times a second. */
const MIN_INTERVAL_MS = 1_000;

export interface TopologyKeeper {
  /** Makes what is missing. Rejects when the connection dies. */
  ensure(model: ChannelModel): Promise<void>;
  /** Does so from time to time on this connection, or on none. A connection that dies meanwhile is reported to `fail`. */
  watch(model: ChannelModel | undefined, fail: (error: Error) => void): void;
  /** Looks now, or in a moment when it has just looked, because something seems to be missing. Resolves when it has. */
  hurry(): Promise<void>;
  stop(): Promise<void>;
}

/** Keeps a topology in place, and says once what is not as it is declared. */
export function createTopologyKeeper(topology: Topology, log: Logger): TopologyKeeper {
  let watched: { readonly model: ChannelModel; readonly fail: (error: Error) => void } | undefined;
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  let soon: Promise<void> | undefined;
  let reported = '[]';

  const report = (problems: readonly TopologyProblem[]) => {
    const text = JSON.stringify(problems);
    if (text === reported) return;
    reported = text;
    const faults = problems.filter(({ isAccepted }) => !isAccepted);
    if (problems.length === 0) return log.info('the topology at the broker is as it is declared again');
    if (faults.length === 0)
      return log.info({ problems }, 'queues of an earlier version of the broker are used as they are');
    log.error(
      { problems: faults },
      'the topology at the broker is not as it is declared; what exists is used as it is. To have a queue as it is declared, ' +
        'redrive what waits in it if it is a dead-letter queue, then delete it: it is made again, and the events that were ' +
        'in it are published again out of the outbox',
    );
  };
  const ensure = async (model: ChannelModel) => {
    lookedAtMs = performance.now();
    report(await ensureTopology(model, topology));
  };
  const ensureWatched = async () => {
    const now = watched;
    if (now !== undefined) await ensure(now.model).catch(now.fail);
  };
  const loop = startLoop('topology', log, {
    idleMs: INTERVAL_MS,
    turn: async () => {
      await ensureWatched();
      return 'idle';
    },
  });
  return {
    ensure,
    watch: (model, fail) => {
      watched = model && { model, fail };
    },
    hurry: () => {
      soon ??= delay(Math.max(0, lookedAtMs + MIN_INTERVAL_MS - performance.now()), undefined, { ref: false }).then(
        () => {
          soon = undefined;
          return ensureWatched();
        },
      );
      return soon;
    },
    stop: loop.stop,
  };
}
