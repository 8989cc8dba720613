import { availableParallelism, cpus, totalmem, type } from 'node:os';

/** Ratios travel between machines, absolute numbers do not: they need this beside them. */
export function describeMachine() {
  return {
    cores: availableParallelism(),
    processor: cpus()[0]?.model ?? 'unknown',
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${process.arch}`,
    node: process.version,
  };
}
