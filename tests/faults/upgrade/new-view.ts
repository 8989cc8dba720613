import { SERVICES } from '@tallyline/local/start/service-names';
import { eventually } from '@tallyline/local/testing/eventually';
import type { Fault, Strike } from '../fault.js';
import type { Release } from '../world/release.js';
import type { World } from '../world/world.js';
import { LATER_VIEW } from './later-release.js';
import { expand, interruptionOf, readSyncStatus, rebuildNewViews, replace } from './steps.js';

const ORDERS_AFTER_REBUILD = 30;

/**
 * Upgrades to a release with a new view. The view lacks what the earlier consumers apply, so sync-status must name it until the
 * rebuild. Afterwards it must have every order, those of the rebuild's time included.
 */
export function newViewUpgrade(from: Release, to: Release): Fault {
  return {
    name: 'upgrade-with-new-view',
    options: { release: from, commandServices: 2, consumers: 2 },
    strike: (strike) => upgrade(strike, to),
  };
}

async function upgrade(strike: Strike, to: Release) {
  const { world, shoppers } = strike;
  const migrationsInterrupted = await expand(strike, to);
  for (const { name } of world.random.shuffled([...SERVICES])) {
    await replace(strike, name, { release: to });
    await expectLacking(world);
  }
  const lacked = (await differences(world)).length;
  if (lacked === 0) throw new Error('the earlier consumers have applied nothing, so the round proves nothing');
  await rebuildNewViews(strike, to);
  await shoppers.moreAccepted(ORDERS_AFTER_REBUILD);
  await shoppers.pause();
  await eventually(
    async () => {
      const found = await differences(world);
      if (found.length > 0)
        throw new Error(`${LATER_VIEW} is wrong after its rebuild: ${found.slice(0, 5).join('; ')}`);
    },
    { timeoutMs: 20_000 },
  );
  const { viewsLackingHistory } = await readSyncStatus(world);
  if (viewsLackingHistory?.length !== 0) throw new Error(`${LATER_VIEW} still lacks history after its rebuild`);
  shoppers.resume();
  const filled = `${LATER_VIEW} lacked orders of ${lacked} customers, was named, and is complete after its rebuild`;
  return { proof: `${interruptionOf(migrationsInterrupted)}; ${filled}`, migrationsInterrupted };
}

async function expectLacking(world: World): Promise<void> {
  const { status, viewsLackingHistory } = await readSyncStatus(world);
  if (status === 'in-sync' || !viewsLackingHistory?.includes(LATER_VIEW))
    throw new Error(`sync-status says "${status}" and does not name ${LATER_VIEW}, which lacks history`);
}

/** Returns the customers whose orders the view does not count right. */
async function differences({ write, read }: World): Promise<string[]> {
  const orders = await write.query('SELECT customer_id::text AS id, count(*)::text AS orders FROM orders GROUP BY 1');
  const counted = await read.query(`SELECT customer_id::text AS id, order_count::text AS orders FROM ${LATER_VIEW}`);
  const inView = new Map(counted.rows.map(({ id, orders }) => [id, orders]));
  return orders.rows.flatMap(({ id, orders }) =>
    inView.get(id) === orders ? [] : [`customer ${id} has ${orders} orders, and the view says ${inView.get(id) ?? 0}`],
  );
}
