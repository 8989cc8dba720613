import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '@tallyline/local/testing/eventually';
import { within } from '@tallyline/local/testing/within';
import type { Fault, Strike, Struck } from '../fault.js';
import { untilFlowing } from '../recovery.js';
import type { LinkedService } from '../world/linked-service.js';
import type { World } from '../world/world.js';

const FROZEN_MS = 30_000;
const HELD_MS = 7_000;

/**
 * Stops a command-service whose events are handed over and unconfirmed. It has a lease of 2 s on them. After that the other
 * command-service must publish them.
 */
export const frozenWriter: Fault = {
  name: 'frozen-writer',
  options: { commandServices: 2 },
  strike: async (strike) => {
    const victim = strike.world.one('command-service');
    await freeze(victim);
    return thawAfterRescue(strike, victim, await unpublishedRows(strike.world));
  },
};

/**
 * Holds a writer just before its COMMIT, under another application_name than it chose, while another writer goes on. The
 * seconds of its orders must not be called complete before they are committed.
 */
export const renamedWriter: Fault = {
  name: 'renamed-writer-frozen',
  options: { commandServices: 2, renamed: true },
  strike: async (strike) => {
    const { world, shoppers } = strike;
    const victim = world.one('command-service');
    const trap = victim.database.trap({ after: '> Bind insert-orders', hold: '> Query COMMIT' });
    const caught = await within(10, 'a COMMIT', trap);
    world.hide(victim);
    const heldAt = performance.now();
    const { rows } = await world.write.query(
      `SELECT string_agg(DISTINCT application_name, ', ') AS names FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'`,
    );
    await shoppers.moreAccepted(60);
    // This is longer than a second needs to be reported as complete, and shorter than the idle-transaction limit of 10 s.
    await delay(Math.max(0, HELD_MS - (performance.now() - heldAt)));
    caught.release();
    world.show(victim);
    await untilFlowing(strike);
    return {
      proof: `a COMMIT of "${rows[0].names}" held for ${HELD_MS / 1000} s, 60 orders accepted by the other service`,
    };
  },
};

/** Stops a relay that has claimed rows. The database ends its transaction after 10 s; then the other relay claims them. */
export const frozenRelay: Fault = {
  name: 'frozen-relay',
  options: { commandServices: 2 },
  strike: async (strike) => {
    const { world, shoppers } = strike;
    const both = world.services('command-service');
    const victim = world.one('command-service');
    // Rows written without a broker wait for a claim. Only the victim gets its broker back, so it claims them.
    for (const { broker } of both) {
      broker.refuse(true);
      broker.cut();
    }
    await shoppers.moreAccepted(20);
    await shoppers.pause();
    const frozen = freeze(victim);
    victim.broker.refuse(false);
    await frozen;
    const held = await claimedRows(world);
    for (const { broker } of both) broker.refuse(false);
    shoppers.resume();
    return thawAfterRescue(strike, victim, held);
  },
};

/** Stops a command-service between a publish and its confirm. */
async function freeze({ broker, process }: LinkedService): Promise<void> {
  const confirm = broker.trap({ after: '> publish order.created', hold: '< ack' });
  const caught = await within(10, 'a confirm', confirm);
  process.signal('SIGSTOP');
  caught.release();
}

/** Waits until the other command-service has published the events of the frozen one, and then continues the frozen one. */
async function thawAfterRescue(strike: Strike, victim: LinkedService, left: readonly string[]): Promise<Struck> {
  const { world } = strike;
  const frozenAt = performance.now();
  world.hide(victim);
  // After this delay the other service has published its own events.
  await delay(1_000);
  const stuck = await stillUnpublished(world, left);
  if (stuck === 0) throw new Error('the fault did not strike: the frozen process holds nothing');
  await eventually(
    async () => {
      const waiting = await stillUnpublished(world, left);
      if (waiting > 0) throw new Error(`${waiting} events are still left to the frozen process`);
    },
    { timeoutMs: 25_000 },
  );
  const rescuedAfter = (performance.now() - frozenAt) / 1000;
  await delay(Math.max(0, FROZEN_MS - (performance.now() - frozenAt)));
  victim.process.signal('SIGCONT');
  world.show(victim);
  await untilFlowing(strike);
  return {
    proof: `frozen 30 s with ${stuck} events in hand; the other one had all after ${rescuedAfter.toFixed(1)} s`,
  };
}

async function unpublishedRows({ write }: World): Promise<string[]> {
  const { rows } = await write.query('SELECT id FROM outbox WHERE published_at IS NULL');
  return rows.map(({ id }) => id);
}

/** Returns the unpublished rows that a transaction has locked. */
async function claimedRows({ write }: World): Promise<string[]> {
  const { rows } = await write.query(`
    SELECT id FROM outbox WHERE published_at IS NULL
    EXCEPT SELECT id FROM (SELECT id FROM outbox WHERE published_at IS NULL FOR SHARE SKIP LOCKED) AS free`);
  return rows.map(({ id }) => id);
}

async function stillUnpublished({ write }: World, ids: readonly string[]): Promise<number> {
  const { rows } = await write.query(
    'SELECT count(*) AS n FROM outbox WHERE published_at IS NULL AND id = ANY($1::uuid[])',
    [ids],
  );
  return Number(rows[0].n);
}

/** Kills two to four relays one after the other while orders flow. */
export const rollingKills: Fault = {
  name: 'relays-killed-in-turn',
  options: { commandServices: 2 },
  strike: async ({ world, shoppers }) => {
    for (let more = world.random.int(0, 2); more > 0; more -= 1) await world.start('command-service');
    const count = world.services('command-service').length;
    for (let kill = 0; kill < count; kill += 1) {
      await shoppers.moreAccepted(world.random.int(5, 25));
      await world.kill(world.one('command-service'));
      await world.start('command-service');
    }
    return { proof: `${count} relays side by side, each killed and replaced` };
  },
};

/** Stops every service with SIGTERM, one after the other. `world.stop` throws when one does not end with 0. */
export const rollingStops: Fault = {
  name: 'rolling-sigterm',
  options: { commandServices: 2, consumers: 2 },
  strike: async ({ world, shoppers }) => {
    const first = world.services();
    for (const service of first) {
      await shoppers.moreAccepted(10);
      await world.stop(service);
      await world.start(service.name);
    }
    return { proof: `${first.length} services ended with 0 and were replaced` };
  },
};
