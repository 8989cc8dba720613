import type { Shoppers } from './load/shoppers.js';
import type { World, WorldOptions } from './world/world.js';

export interface Strike {
  readonly world: World;
  readonly shoppers: Shoppers;
}

/** How a fault went: what proves that it struck, and how long the suite took to be itself again, where that is measured. */
export interface Struck {
  readonly proof: string;
  readonly recovery?: { readonly what: string; readonly seconds: number; readonly limitSeconds: number };
}

export interface Fault {
  readonly name: string;
  readonly options?: WorldOptions;
  /** Confirmed events are destroyed: only then may the read side have to ask for them again. */
  readonly losesAtBroker?: true;
  /** The write database loses committed events for a while, and has them back in the end. */
  readonly replacesHistory?: true;
  /** Strikes and heals. Throws when it could not strike: a fault that did not happen proves nothing. */
  strike(strike: Strike): Promise<Struck>;
}
