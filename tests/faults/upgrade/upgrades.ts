import type { ServiceName } from '@tallyline/local/start/service-names';
import type { Fault, Strike } from '../fault.js';
import type { Release } from '../world/release.js';
import { flipVersions, newestVersions } from './flip.js';
import { goBackAndForward } from './go-back.js';
import { contract, expand, expectContractRefused, interruptionOf, rebuildNewViews, replace } from './steps.js';

const ORDERS: readonly (readonly ServiceName[])[] = [
  ['consumer-service', 'query-service', 'command-service'],
  ['consumer-service', 'command-service', 'query-service'],
  ['command-service', 'consumer-service', 'query-service'],
  ['command-service', 'query-service', 'consumer-service'],
  ['query-service', 'consumer-service', 'command-service'],
  ['query-service', 'command-service', 'consumer-service'],
];

const shortName = (name: ServiceName) => name.replace('-service', '');

/** The upgrades from one release to another: in every order of the services, and there and back before the contract steps. */
export function upgrades(from: Release, to: Release): Fault[] {
  const options = { release: from, commandServices: 2, consumers: 2 };
  const inOrder = (order: readonly ServiceName[]): Fault => ({
    name: `upgrade-${order.map(shortName).join('-')}`,
    options,
    strike: (strike) => upgrade(strike, to, order),
  });
  return [
    ...ORDERS.map(inOrder),
    { name: 'upgrade-and-back', options, strike: (strike) => goBackAndForward(strike, from, to) },
  ];
}

async function upgrade(strike: Strike, to: Release, order: readonly ServiceName[]) {
  const flip = await newestVersions(to);
  const migrationsInterrupted = await expand(strike, to);
  await expectContractRefused(strike, to);
  for (const name of order) await replace(strike, name, { release: to });
  const written = await flipVersions(strike, to, flip);
  const rebuilt = await rebuildNewViews(strike, to);
  await contract(strike, to);
  const views = rebuilt.length === 0 ? 'no view was new' : `rebuilt ${rebuilt.join(', ')}`;
  const replaced = `replaced ${order.join(', ')}; ${written}; ${views}; contracted`;
  return { proof: `${interruptionOf(migrationsInterrupted)}; ${replaced}`, migrationsInterrupted };
}
