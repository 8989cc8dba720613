export interface SettledSecond {
  /** Start of the second, RFC 3339. */
  readonly second: string;
  readonly settled: number;
  readonly lastAt: string;
}

/** Counts events per second of their own time: what a batch adds to the ledger. */
export class SettledSeconds {
  readonly #seconds = new Map<number, { settled: number; lastMs: number }>();

  /** `atMs`: milliseconds since 1970. */
  add(atMs: number): void {
    const second = Math.floor(atMs / 1000);
    const row = this.#seconds.get(second);
    if (row === undefined) {
      this.#seconds.set(second, { settled: 1, lastMs: atMs });
      return;
    }
    row.settled += 1;
    if (atMs > row.lastMs) row.lastMs = atMs;
  }

  list(): readonly SettledSecond[] {
    return [...this.#seconds].map(([second, { settled, lastMs }]) => {
      return { second: new Date(second * 1000).toISOString(), settled, lastAt: new Date(lastMs).toISOString() };
    });
  }
}
