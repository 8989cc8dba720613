import { setTimeout as delay } from 'node:timers/promises';
import { eventually } from '@tallyline/local/eventually';
import type { Fault } from '../fault.js';
import { untilFlowing } from '../recovery.js';
import { within } from '../within.js';

const FROZEN_MS = 30_000;

/** SIGSTOP with a claim in hand: the database ends the idle transaction after 10 s, and the other relay takes the rows. */
export const frozenRelay: Fault = {
  name: 'frozen-relay',
  options: { commandServices: 2 },
  strike: async (strike) => {
    const { world } = strike;
    const victim = world.one('command-service');
    const caught = await within(
      10,
      'a confirm',
      victim.broker.trap({ after: '> publish order.created', hold: '< ack' }),
    );
    victim.process.signal('SIGSTOP');
    caught.release();
    const frozenAt = performance.now();
    world.hide(victim);
    const claimed = async () => {
      const { rows } = await world.write.query(
        `SELECT count(*) FILTER (WHERE published_at IS NULL AND created_at < now() - interval '1 s') AS n FROM outbox`,
      );
      return Number(rows[0].n);
    };
    const held = await claimed();
    await eventually(
      async () => {
        const left = await claimed();
        if (left > 0) throw new Error(`${left} events are still held by the frozen relay`);
      },
      { timeoutMs: 20_000 },
    );
    const freedAfter = (performance.now() - frozenAt) / 1000;
    await delay(Math.max(0, FROZEN_MS - (performance.now() - frozenAt)));
    victim.process.signal('SIGCONT');
    world.show(victim);
    await untilFlowing(strike);
    return {
      proof: `frozen 30 s with ${held} events claimed; the other relay had all after ${freedAfter.toFixed(1)} s`,
    };
  },
};

/** Two to four relays, killed one after the other while orders flow. */
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

/** An orderly end of everything, one after the other; world.stop throws when one does not end well. */
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
