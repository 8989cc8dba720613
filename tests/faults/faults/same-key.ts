import type { Fault } from '../fault.js';
import { send } from '../load/send.js';
import { newRequest } from '../load/shop-request.js';

const AT_A_TIME = 20;
const KEYS = 25;

/** Sends twenty requests with one key at once to two services. Half of them do not wait. They must store one order. */
export const sameKey: Fault = {
  name: 'same-key-twenty-at-a-time',
  options: { commandServices: 2 },
  strike: async ({ world, shoppers }) => {
    const random = world.random.fork('keys');
    let conflicts = 0;
    for (let round = 0; round < KEYS; round += 1) {
      const request = { ...newRequest(random, shoppers.products.slice(0, 5)), key: random.hex(32) };
      shoppers.adopt(request);
      const ask = async (copy: number) => {
        const services = world.services('command-service');
        const url = services[copy % services.length]?.process.url ?? '';
        const next = await send(request, url, random.chance(0.5) ? random.int(1, 10) : undefined);
        if (next === 'again') conflicts += 1;
      };
      await Promise.all(Array.from({ length: AT_A_TIME }, (_, copy) => ask(copy)));
      for (let copy = 0; request.outcome === 'unknown'; copy += 1) await ask(copy);
    }
    return { proof: `${KEYS} keys, each ${AT_A_TIME} at a time; ${conflicts} answers dropped or "still running"` };
  },
};
