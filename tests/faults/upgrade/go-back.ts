import { SERVICES } from '@tallyline/local/start/service-names';
import { eventually } from '@tallyline/local/testing/eventually';
import type { Strike } from '../fault.js';
import type { Release } from '../world/release.js';
import { flipVersions, newestVersions } from './flip.js';
import { expand, interruptionOf, readSyncStatus, rebuildNewViews, replace } from './steps.js';

const PARKED_TIMEOUT_MS = 30_000;

/**
 * Upgrades up to the flip of the written versions, and goes back to the earlier release: the flip first, then the services. While no
 * consumer runs, events of the new versions wait in their queues. The earlier consumers must park them, and sync-status must
 * say so. Then it upgrades again, and the parked events must be applied.
 *
 * A release before 0.3 cannot park, and events of a new version would be dead letters there, so nothing is flipped for it.
 */
export async function goBackAndForward(strike: Strike, from: Release, to: Release) {
  const { world, shoppers } = strike;
  const names = SERVICES.map(({ name }) => name);
  const flip = parks(from) ? await newestVersions(to) : { setting: '' };
  const migrationsInterrupted = await expand(strike, to);
  for (const name of names) await replace(strike, name, { release: to });
  const written = await flipVersions(strike, to, flip);
  if (flip.setting !== '') {
    for (const consumer of world.services('consumer-service')) await world.stop(consumer);
    await shoppers.moreAccepted(20);
    await replace(strike, 'command-service', { release: to });
    for (let n = 0; n < 2; n += 1) await world.start('consumer-service', { release: from });
  } else {
    await replace(strike, 'consumer-service', { release: from });
  }
  await replace(strike, 'command-service', { release: from });
  const parked = flip.setting === '' ? 0 : await untilParked(strike);
  await replace(strike, 'query-service', { release: from });
  for (const name of names) await replace(strike, name, { release: to });
  await rebuildNewViews(strike, to);
  const back = `back to ${from.name} with ${parked} events parked there; forward again`;
  return { proof: `${interruptionOf(migrationsInterrupted)}; ${written}; ${back}`, migrationsInterrupted };
}

function parks({ version }: Release): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 0 || minor >= 3;
}

/** Resolves when the earlier consumers have parked events and sync-status names them, and returns their number. */
function untilParked({ world }: Strike): Promise<number> {
  return eventually(
    async () => {
      const { status, parkedEvents = 0 } = await readSyncStatus(world);
      if (parkedEvents === 0) throw new Error('no event of the new version was parked by the earlier consumers');
      if (status === 'in-sync') throw new Error(`sync-status says "in-sync" with ${parkedEvents} parked events`);
      return parkedEvents;
    },
    { timeoutMs: PARKED_TIMEOUT_MS, intervalMs: 100 },
  );
}
