export interface SettledSecond {
  /** Start of the second, RFC 3339. */
  readonly second: string;
  settled: number;
  lastAt: string;
}

/** Counts events per second of their own time: what a batch adds to the ledger. */
export class SettledSeconds {
  readonly #seconds = new Map<string, SettledSecond>();

  add(instant: string): void {
    const at = new Date(instant);
    const lastAt = at.toISOString();
    const second = `${lastAt.slice(0, 19)}.000Z`;
    const row = this.#seconds.get(second) ?? { second, settled: 0, lastAt };
    row.settled += 1;
    if (lastAt > row.lastAt) row.lastAt = lastAt;
    this.#seconds.set(second, row);
  }

  list(): readonly SettledSecond[] {
    return [...this.#seconds.values()];
  }
}
