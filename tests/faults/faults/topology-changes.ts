import { EVENTS_EXCHANGE, eventQueues } from '@tallyline/contracts/topology';
import { eventually } from '@tallyline/local/eventually';
import { within } from '@tallyline/local/within';
import type { Fault } from '../fault.js';
import { untilFlowing } from '../recovery.js';
import { withChannel } from '../world/broker-access.js';

const QUEUE = 'order-events' satisfies keyof typeof eventQueues;

const ORDERS = 50;

/** With what it holds: the broker had confirmed those events, and only the write side still has them. */
export const queueDeleted: Fault = {
  name: 'queue-deleted',
  losesAtBroker: true,
  strike: async (strike) => {
    const { world, shoppers } = strike;
    const consumer = world.one('consumer-service');
    // While a batch of it is held, the consumer lets a few events gather in the queue.
    const caught = await within(10, 'a batch', consumer.database.trap({ hold: '> Bind apply-new-events' }));
    await shoppers.moreAccepted(20);
    await withChannel(world.brokerUrl, (channel) => channel.deleteQueue(QUEUE));
    caught.release();
    await eventually(() => {
      if (consumer.broker.seen('< cancel') === 0) throw new Error('the consumer was not cancelled');
    });
    await untilFlowing(strike);
    return { proof: 'queue deleted with the events in it; the broker cancelled its consumer' };
  },
};

/** Nowhere to go: the broker confirms and returns such events, and they must wait in the outbox. */
export const bindingRemoved: Fault = {
  name: 'binding-removed',
  strike: async (strike) => {
    const { world, shoppers } = strike;
    const line = world.one('command-service').broker;
    const eachBinding = (change: 'bindQueue' | 'unbindQueue') =>
      withChannel(world.brokerUrl, async (channel) => {
        for (const key of eventQueues[QUEUE]) await channel[change](QUEUE, EVENTS_EXCHANGE, key);
      });
    await eachBinding('unbindQueue');
    await shoppers.moreAccepted(ORDERS);
    await eventually(() => {
      if (line.seen('< return') === 0) throw new Error('the broker returned nothing');
    });
    const { rows } = await world.write.query('SELECT count(*) AS n FROM outbox WHERE published_at IS NULL');
    await eachBinding('bindQueue');
    if (Number(rows[0].n) < ORDERS)
      throw new Error(`of ${ORDERS} events without a queue only ${rows[0].n} wait in the outbox`);
    await untilFlowing(strike);
    return { proof: `${line.seen('< return')} messages were returned, ${rows[0].n} events waited in the outbox` };
  },
};
