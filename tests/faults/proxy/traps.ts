import type { Frame } from './frames.js';

/** Waits on each connection for a frame `after`, if given, and then holds the first frame `hold`. Both are labels. */
export interface Trap {
  readonly after?: string;
  readonly hold: string;
}

/** A held frame. It also holds back all later frames of its connection in its direction. */
export interface Caught {
  readonly label: string;
  /** Forwards the frame. */
  release(): void;
  /** Ends the connection; the frame never arrives. */
  drop(): void;
}

interface OpenTrap {
  readonly trap: Trap;
  readonly armed: WeakSet<object>;
  resolve(caught: Caught): void;
}

/** Holds frames on the wire, so that a fault can strike between two messages without test code in a service. */
export interface Traps {
  set(trap: Trap): Promise<Caught>;
  /** Returns undefined when no trap holds the frame; else resolves with whether to forward it. */
  meet(frame: Frame, connection: object): Promise<boolean> | undefined;
  /** Number of frames so far whose label begins like this. */
  count(label: string): number;
}

export function createTraps(): Traps {
  const open: OpenTrap[] = [];
  const counts = new Map<string, number>();
  return {
    set: (trap) => new Promise((resolve) => open.push({ trap, armed: new WeakSet(), resolve })),
    count: (label) => [...counts].reduce((sum, [seen, count]) => (seen.startsWith(label) ? sum + count : sum), 0),
    meet: ({ label }, connection) => {
      if (label.length > 2) counts.set(label, (counts.get(label) ?? 0) + 1);
      for (const entry of open) {
        const { after, hold } = entry.trap;
        if (after !== undefined && !entry.armed.has(connection)) {
          if (label.startsWith(after)) entry.armed.add(connection);
        } else if (label.startsWith(hold)) {
          open.splice(open.indexOf(entry), 1);
          return new Promise((decide) =>
            entry.resolve({ label, release: () => decide(true), drop: () => decide(false) }),
          );
        }
      }
      return undefined;
    },
  };
}
