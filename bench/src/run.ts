import type { Servers } from './servers.js';

/** How much is measured: the full run takes some minutes, the quick one shows that everything works. */
export interface Scale {
  readonly pairs: number;
  readonly pairsIfUndecided: number;
  readonly loadMs: number;
  readonly warmUpMs: number;
  readonly backlog: number;
  readonly history: number;
}

export const fullScale: Scale = {
  pairs: 5,
  pairsIfUndecided: 10,
  loadMs: 4_000,
  warmUpMs: 2_000,
  backlog: 100_000,
  history: 1_000_000,
};
export const quickScale: Scale = {
  pairs: 2,
  pairsIfUndecided: 2,
  loadMs: 3_000,
  warmUpMs: 1_000,
  backlog: 10_000,
  history: 50_000,
};

export interface Run {
  readonly servers: Servers;
  readonly scale: Scale;
  progress(line: string): void;
}
