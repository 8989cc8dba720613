import { availableParallelism, cpus, loadavg, totalmem, type } from 'node:os';

export type Machine = ReturnType<typeof describeMachine>;

/** Ratios travel between machines, absolute numbers do not: they need this beside them. */
export function describeMachine() {
  return {
    cores: availableParallelism(),
    processor: cpus()[0]?.model ?? 'unknown',
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${process.arch}`,
    node: process.version,
    /** Of the minute before the run: what other programs were taking from both sides. */
    loadBefore: loadavg()[0]?.toFixed(1) ?? 'unknown',
  };
}
