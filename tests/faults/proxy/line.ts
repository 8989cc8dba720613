import { setTimeout as delay } from 'node:timers/promises';

export interface Slowness {
  readonly latencyMs: number;
  readonly bytesPerSecond: number;
}

/** The line between two machines. It is open, frozen or slow. */
export interface Line {
  freeze(): void;
  thaw(): void;
  slow(slowness: Slowness | undefined): void;
  /** Resolves when this many bytes have passed. */
  carry(byteCount: number): Promise<void>;
  /** Bytes that arrived while the line was frozen. */
  bytesHeld(): number;
}

export function createLine(): Line {
  let slowness: Slowness | undefined;
  let thawed: Promise<void> | undefined;
  let thaw: () => void = () => undefined;
  let held = 0;
  return {
    bytesHeld: () => held,
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
      if (thawed) held += byteCount;
      while (thawed) await thawed;
    },
  };
}
