import type { Shoppers } from './load/shoppers.js';
import type { World, WorldOptions } from './world/world.js';

export interface Strike {
  readonly world: World;
  readonly shoppers: Shoppers;
}

/** The result of a fault: the proof that it struck and, if measured, the time that the suite took to recover. */
export interface Struck {
  readonly proof: string;
  /** True when a kill interrupted the migrations of an upgrade, false when they ended before it. */
  readonly migrationsInterrupted?: boolean;
  readonly recovery?: { readonly what: string; readonly seconds: number; readonly limitSeconds: number };
}

export interface Fault {
  readonly name: string;
  readonly options?: WorldOptions;
  /** The fault destroys confirmed events. Only then may the read side need a replay. */
  readonly losesAtBroker?: true;
  /** The write database loses committed events for a while and gets them back in the end. */
  readonly replacesHistory?: true;
  /** Causes the fault and ends it. Throws when the fault did not happen, because then the round proves nothing. */
  strike(strike: Strike): Promise<Struck>;
}
