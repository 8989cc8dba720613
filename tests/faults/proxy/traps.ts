import type { Frame } from './frames.js';

/** Waits, on one connection, for a frame `after` (if given) and then holds the first frame `hold`, both by label. */
export interface Trap {
  readonly after?: string;
  readonly hold: string;
}

/** A frame that was held, and with it all that follows on its connection in its direction. */
export interface Caught {
  readonly label: string;
  /** Lets it go on its way. */
  release(): void;
  /** It never arrives: its connection ends. */
  drop(): void;
}

interface Set_ {
  readonly trap: Trap;
  readonly armed: WeakSet<object>;
  resolve(caught: Caught): void;
}

/** A crash "between publish and mark" needs a place to stand: here it is, on the wire, with no test code in any service. */
export interface Traps {
  set(trap: Trap): Promise<Caught>;
  /** Undefined when no trap wants the frame; else resolves with whether it may pass. */
  meet(frame: Frame, connection: object): Promise<boolean> | undefined;
  /** Frames that begin with this label, since the beginning. */
  count(label: string): number;
}

export function createTraps(): Traps {
  const open: Set_[] = [];
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
