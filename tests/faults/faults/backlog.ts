import type { Fault } from '../fault.js';
import { send } from '../load/send.js';
import { newRequest } from '../load/shop-request.js';
import { untilInSync } from '../recovery.js';

const EVENTS = 10_000;
const AT_A_TIME = 100;

/** 10,000 orders are accepted while the broker is unreachable. When it is back, all must be in the views within 10 s. */
export const backlog: Fault = {
  name: 'ten-thousand-waiting',
  strike: async ({ world, shoppers }) => {
    const command = world.one('command-service');
    const random = world.random.fork('backlog');
    command.broker.refuse(true);
    await shoppers.pause();
    let left = EVENTS;
    const buy = async () => {
      while (left > 0) {
        left -= 1;
        const request = newRequest(random, shoppers.products.slice(0, 5));
        shoppers.adopt(request);
        while ((await send(request, command.process.url)) === 'again' && request.key !== undefined);
      }
    };
    await Promise.all(Array.from({ length: AT_A_TIME }, buy));
    const { rows } = await world.write.query('SELECT count(*) AS n FROM outbox WHERE published_at IS NULL');
    command.broker.refuse(false);
    const seconds = await untilInSync({ world });
    shoppers.resume();
    return {
      proof: `${rows[0].n} events waited in the outbox`,
      recovery: { what: 'all of them in the views', seconds, limitSeconds: 10 },
    };
  },
};
