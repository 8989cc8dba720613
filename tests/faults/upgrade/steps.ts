import { SERVICE_NAMES, type ServiceName } from '@tallyline/contracts/suite';
import { eventually } from '@tallyline/local/testing/eventually';
import type { Strike } from '../fault.js';
import type { LinkedService, LinkedServiceOptions } from '../world/linked-service.js';
import { migrate, type Release, rebuild } from '../world/release.js';
import type { World } from '../world/world.js';

/** Orders that are accepted while two releases run side by side. */
const ORDERS_SIDE_BY_SIDE = 10;
/** The migrations are killed within this time after their first line. They take about 85 ms without traffic. */
const KILLED_WITHIN_MS = 60;
/** A rebuild and a contract step wait until no older service was seen for a minute. */
const OLD_SERVICES_TIMEOUT_MS = 75_000;

/**
 * Runs the expand steps. The command is killed the first time, and must complete what it left the second time. Returns whether
 * the kill interrupted it: it had begun and left something to do.
 */
export async function expand({ world }: Strike, to: Release): Promise<boolean> {
  const killed = await migrate(to, world, ['up'], world.random.int(0, KILLED_WITHIN_MS));
  const { code, output } = await migrate(to, world, ['up']);
  if (code !== 0) throw new Error(`npm run migrate -- up ended with ${code}:\n${output}`);
  return killed.code === 'SIGKILL' && output.includes(' done in ');
}

/** Says in the proof of a round whether the migrations were interrupted. */
export const interruptionOf = (wasInterrupted: boolean) =>
  wasInterrupted ? 'migrations killed and completed' : 'the kill missed the migrations';

/** An older service as the refusal names it, by its heartbeat or by its session. */
const OLDER_SERVICE = new RegExp(
  `^ +(?:write|read) database: (?:${SERVICE_NAMES.join('|')}) \\S.* (?:is connected|has reported within the last minute)$`,
  'm',
);

/** Checks that the contract steps are refused, because services of the earlier release run. */
export async function expectContractRefused({ world }: Strike, to: Release): Promise<void> {
  const { code, output } = await migrate(to, world, ['up', '--contract']);
  if (code !== 1 || !OLDER_SERVICE.test(output))
    throw new Error(
      `while older services were running, up --contract ended with ${code} instead of 1 with their names:\n${output}`,
    );
}

/** Runs the contract steps as soon as they are allowed. */
export async function contract({ world }: Strike, to: Release): Promise<void> {
  await eventually(
    async () => {
      const { code, output } = await migrate(to, world, ['up', '--contract']);
      if (code !== 0) throw new Error(`npm run migrate -- up --contract ended with ${code}:\n${output}`);
    },
    { timeoutMs: OLD_SERVICES_TIMEOUT_MS, intervalMs: 2_000 },
  );
}

/** The build and the settings of a copy of a service. */
type Build = Pick<LinkedServiceOptions, 'release' | 'env'>;

/**
 * Replaces the copies of a service one by one. A new copy starts beside the old one, and orders flow through both. One of the
 * two may be killed and started again. Then the old copy is stopped.
 */
export async function replace(strike: Strike, name: ServiceName, by: Build): Promise<void> {
  const { world, shoppers } = strike;
  for (const old of [...world.services(name)]) {
    const next = await world.start(name, by);
    await shoppers.moreAccepted(ORDERS_SIDE_BY_SIDE);
    const victim = world.random.pick(['old', 'new', 'none'] as const);
    if (victim === 'new') await restartKilled(world, next, by);
    const last = victim === 'old' ? await restartKilled(world, old, old.build) : old;
    await shoppers.moreAccepted(ORDERS_SIDE_BY_SIDE);
    await world.stop(last);
  }
  await shoppers.moreAccepted(ORDERS_SIDE_BY_SIDE);
}

async function restartKilled(world: World, victim: LinkedService, build: Build): Promise<LinkedService> {
  await world.kill(victim);
  return world.start(victim.name, build);
}

interface SyncStatus {
  readonly status: string;
  readonly parkedEvents?: number;
  readonly viewsLackingHistory?: readonly string[];
}

export async function readSyncStatus(world: World): Promise<SyncStatus> {
  const response = await fetch(`${world.one('query-service').process.url}/api/analytics/sync-status`);
  return (await response.json()) as SyncStatus;
}

/** Fills the views that lack history, and returns their names. */
export async function rebuildNewViews({ world }: Strike, to: Release): Promise<readonly string[]> {
  const { viewsLackingHistory: views = [] } = await readSyncStatus(world);
  if (views.length === 0) return views;
  await eventually(
    async () => {
      const { code, output } = await rebuild(
        to,
        world,
        views.flatMap((view) => ['--view', view]),
      );
      if (code !== 0) throw new Error(`npm run rebuild of ${views.join(', ')} ended with ${code}:\n${output}`);
    },
    { timeoutMs: OLD_SERVICES_TIMEOUT_MS, intervalMs: 2_000 },
  );
  return views;
}
