import { setTimeout as delay } from 'node:timers/promises';
import type { ChannelModel } from 'amqplib';
import type { Logger } from '../process/logger.js';
import { startLoop } from '../process/loop.js';
import { ensureTopology, type Topology, type TopologyProblem } from './topology.js';

/** A deleted exchange, queue or binding is declared again within this time. */
const INTERVAL_MS = 10_000;
/** Minimum interval of checks, because callers may call `hurry` a thousand times a second. */
const MIN_INTERVAL_MS = 1_000;

export interface TopologyKeeper {
  /** Declares what is missing. Rejects when the connection dies. */
  ensure(model: ChannelModel): Promise<void>;
  /** Calls `ensure` regularly on this connection, if there is one. An error goes to `fail`. */
  watch(model: ChannelModel | undefined, fail: (error: Error) => void): void;
  /** Checks the topology at once, or one second after the last check. Resolves after the check. */
  hurry(): Promise<void>;
  stop(): Promise<void>;
}

/** Keeps a topology in place and logs once what differs from its declaration. */
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
    if (problems.length === 0) return log.info('the topology at the broker is as declared again');
    if (faults.length === 0)
      return log.info({ problems }, 'queues of an earlier RabbitMQ version are used as they are');
    log.error(
      { problems: faults },
      'the topology at the broker differs from its declaration and is used as it is. To replace a queue, redrive its messages ' +
        'if it is a dead-letter queue, then delete it: the services declare it and publish its events again',
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
