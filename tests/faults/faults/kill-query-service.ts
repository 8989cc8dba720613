import type { Fault } from '../fault.js';

export const killQueryService: Fault = {
  name: 'kill-query-service',
  strike: async ({ world, shoppers }) => {
    const victim = world.one('query-service');
    await world.kill(victim);
    const refused = await fetch(`${victim.process.url}/health/live`).then(
      () => false,
      () => true,
    );
    if (!refused) throw new Error('query-service still answers');
    await shoppers.moreAccepted(30);
    await world.start('query-service');
    return { proof: 'it answered nothing while 30 more orders were accepted' };
  },
};
