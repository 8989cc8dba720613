import type { Mutant } from '../mutant.js';
import { countingBugs } from './counting.js';
import { deliveryBugs } from './delivery.js';
import { historyBugs } from './history.js';
import { keyBugs } from './keys.js';
import { migrationBugs } from './migrations.js';
import { relayBugs } from './relay.js';
import { trustBugs } from './trust.js';
import { versionBugs } from './versions.js';

export const mutants: readonly Mutant[] = [
  ...relayBugs,
  ...keyBugs,
  ...deliveryBugs,
  ...countingBugs,
  ...trustBugs,
  ...historyBugs,
  ...migrationBugs,
  ...versionBugs,
];
