import type { Fault } from '../fault.js';
import { untilFlowing } from '../recovery.js';

/** Every TCP connection of every service is reset at once. */
export const cutConnections: Fault = {
  name: 'all-connections-closed',
  strike: async (strike) => {
    const count = strike.world.lines().reduce((sum, line) => sum + line.cut(), 0);
    if (count < 6) throw new Error(`only ${count} connections were there to close`);
    const seconds = await untilFlowing(strike);
    return {
      proof: `${count} connections reset`,
      recovery: { what: 'orders in the views again', seconds, limitSeconds: 2 },
    };
  },
};
