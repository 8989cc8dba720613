import { performance } from 'node:perf_hooks';
import type { Fault, Struck } from './fault.js';
import { stockShelves } from './load/catalogue.js';
import { startShoppers } from './load/shoppers.js';
import { judge } from './oracle/judge.js';
import type { Ledger } from './oracle/ledger.js';
import { startWatch } from './oracle/watch.js';
import { createRandom } from './random.js';
import { untilFlowing, untilInSync } from './recovery.js';
import type { Servers } from './world/servers.js';
import { startWorld, type World } from './world/world.js';

export interface RoundResult {
  readonly fault: string;
  readonly seed: number;
  readonly seconds: number;
  /** Faults that the oracle found; empty when the promise held. */
  readonly faults: readonly string[];
  readonly struck?: Struck;
  readonly ledger?: Ledger;
  readonly inSyncSeconds?: number;
  readonly looks?: number;
}

/** The seed chooses how many orders are accepted before the fault, and so the moment at which it strikes. */
const ORDERS_BEFORE = [20, 120] as const;
const ORDERS_AFTER = 60;

/** Runs one fault on a fresh world: orders flow, the fault strikes and ends, and the oracle checks the result. */
export async function runRound(servers: Servers, fault: Fault, seed: number): Promise<RoundResult> {
  const startedAt = performance.now();
  const random = createRandom(`${seed}/${fault.name}`);
  const seconds = () => (performance.now() - startedAt) / 1000;
  let world: World | undefined;
  try {
    world = await startWorld(servers, random, fault.options);
    return { fault: fault.name, seed, ...(await strikeAndJudge(world, fault)), seconds: seconds() };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { fault: fault.name, seed, seconds: seconds(), faults: [reason] };
  } finally {
    await world?.end().catch(() => undefined);
  }
}

async function strikeAndJudge(world: World, fault: Fault) {
  const products = await stockShelves(world);
  await untilInSync({ world });
  const shoppers = startShoppers(world, products);
  const watch = startWatch(world, fault.replacesHistory);
  const broken: string[] = [];
  let struck: Struck | undefined;
  try {
    await shoppers.moreAccepted(world.random.int(...ORDERS_BEFORE));
    struck = await fault.strike({ world, shoppers });
    await untilFlowing({ world, shoppers });
    await shoppers.moreAccepted(ORDERS_AFTER);
  } catch (error) {
    broken.push(error instanceof Error ? error.message : String(error));
  }
  await shoppers.stop();
  const inSyncSeconds = await untilInSync({ world }).catch((error: Error) => {
    broken.push(error.message);
    return Number.NaN;
  });
  broken.push(...(await watch.stop()), ...(await stopAll(world)));
  if (!fault.losesAtBroker) broken.push(...replayRequests(world));
  const { ledger, faults } = await judge({ world, requests: shoppers.requests, purchases: shoppers.purchases });
  const recovery = struck?.recovery;
  if (recovery && recovery.seconds > recovery.limitSeconds) {
    broken.push(`${recovery.what} took ${recovery.seconds.toFixed(1)} s, more than ${recovery.limitSeconds} s`);
  }
  const found = [...broken, ...faults];
  if (found.length > 0) found.push(...lastWarnings(world));
  return { faults: found, ...(struck && { struck }), ledger, inSyncSeconds, looks: watch.looks() };
}

const WARN = 40;
const LINES_SHOWN = 8;

/** Returns the last warnings of the services, newest last. */
function lastWarnings({ everyone }: World): string[] {
  return everyone.flatMap(({ name, process }) => {
    const lines = process.log.filter(({ level }) => level >= WARN).slice(-LINES_SHOWN);
    return lines.map((line) => `${name} ${process.pid}: ${JSON.stringify(line).slice(0, 600)}`);
  });
}

/** Returns the replay requests for lost events, which a fault that loses nothing must not cause. */
function replayRequests({ everyone }: World): string[] {
  const lines = everyone.flatMap(({ process }) => process.log.filter(({ msg }) => msg.startsWith('events were lost')));
  return lines.map(({ missing }) => `${missing} events were lost and had to be requested again`);
}

/** Stops command-service first, so that no new events arrive. A service that does not stop by itself is a fault. */
async function stopAll(world: World): Promise<string[]> {
  const faults: string[] = [];
  for (const name of ['command-service', 'consumer-service', 'query-service'] as const) {
    const stops = world.services(name).map((service) => world.stop(service));
    for (const { reason } of (await Promise.allSettled(stops)).filter((stop) => stop.status === 'rejected')) {
      faults.push(String(reason?.message ?? reason));
    }
  }
  return faults;
}
