import type { Fault } from '../fault.js';
import { untilFlowing } from '../recovery.js';

const TIMES = 3;

/** Resets every TCP connection of every service at once, three times. The median of the three recoveries counts. */
export const cutConnections: Fault = {
  name: 'all-connections-closed',
  strike: async (strike) => {
    const seconds: number[] = [];
    let count = 0;
    for (let time = 0; time < TIMES; time += 1) {
      await strike.shoppers.moreAccepted(10);
      count += strike.world.lines().reduce((sum, line) => sum + line.cut(), 0);
      seconds.push(await untilFlowing(strike));
    }
    if (count < 6 * TIMES) throw new Error(`only ${count} connections were there to close`);
    return {
      proof: `${count} connections reset, in ${TIMES} strikes`,
      recovery: {
        what: 'orders in the views again',
        seconds: seconds.sort((a, b) => a - b)[1] ?? Number.NaN,
        limitSeconds: 2,
      },
    };
  },
};
