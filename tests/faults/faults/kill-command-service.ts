import { within } from '@tallyline/local/testing/within';
import type { Fault, Strike } from '../fault.js';
import type { Trap } from '../proxy/traps.js';

/** Kills command-service while the proxy holds one of its messages. The moment is exact, and the service needs no test code. */
function killAt(
  name: string,
  line: 'database' | 'broker',
  trap: Trap,
  proof: (strike: Strike) => Promise<string>,
): Fault {
  return {
    name: `kill-command-${name}`,
    strike: async (strike) => {
      const { world } = strike;
      const victim = world.one('command-service');
      const caught = await within(10, `"${trap.hold}"`, victim[line].trap(trap));
      await victim.process.kill();
      caught.drop();
      await world.kill(victim);
      const shown = await proof(strike);
      await world.start('command-service');
      return { proof: `killed at "${caught.label}" ${shown}` };
    },
  };
}

const unpublished = async ({ world }: Strike) => {
  const { rows } = await world.write.query('SELECT count(*) AS n FROM outbox WHERE published_at IS NULL');
  if (rows[0].n === '0') throw new Error('the fault did not strike: no event was left unpublished');
  return `with ${rows[0].n} events unpublished`;
};

const ordersThere = async ({ world }: Strike) => {
  const { rows } = await world.write.query('SELECT count(*) AS n FROM orders');
  return `with ${rows[0].n} orders stored`;
};

export const killCommandService: readonly Fault[] = [
  killAt('before-commit', 'database', { after: '> Bind insert-orders', hold: '> Query COMMIT' }, ordersThere),
  killAt('after-commit', 'database', { after: '> Bind insert-orders', hold: '< Complete COMMIT' }, ordersThere),
  killAt('after-publish', 'broker', { after: '> publish order.created', hold: '< ack' }, unpublished),
  killAt('before-mark', 'database', { hold: '> Bind mark-published' }, unpublished),
];
