import { setTimeout as delay } from 'node:timers/promises';

export interface Slowness {
  readonly latencyMs: number;
  readonly bytesPerSecond: number;
}

/** The state of a line between two machines: open, frozen or slow. */
export interface Line {
  freeze(): void;
  thaw(): void;
  slow(slowness: Slowness | undefined): void;
  /** Resolves when this many bytes have got through. */
  carry(byteCount: number): Promise<void>;
  readonly frozen: boolean;
}

export function createLine(): Line {
  let slowness: Slowness | undefined;
  let thawed: Promise<void> | undefined;
  let thaw: () => void = () => undefined;
  return {
    get frozen() {
      return thawed !== undefined;
    },
    freeze: () => {
      thawed ??= new Promise((resolve) => {
        thaw = resolve;
      });
    },
    thaw: () => {
      thawed = undefined;
      thaw();
    },
    slow: (to) => {
      slowness = to;
    },
    carry: async (byteCount) => {
      if (slowness) await delay(slowness.latencyMs + (1000 * byteCount) / slowness.bytesPerSecond);
      while (thawed) await thawed;
    },
  };
}
