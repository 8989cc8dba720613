import { randomUUID } from 'node:crypto';
import { deadLetterQueueOf, EVENTS_EXCHANGE, eventQueues, topology } from '@tallyline/contracts/topology';
import { eventually } from '@tallyline/local/testing/eventually';
import { within } from '@tallyline/local/testing/within';
import type { Fault } from '../fault.js';
import { BROKEN_JSON } from '../load/bad-messages.js';
import { untilFlowing } from '../recovery.js';
import { withChannel } from '../world/broker-access.js';

const QUEUE = 'order-events' satisfies keyof typeof eventQueues;

const ORDERS = 50;

/** Deletes a queue with confirmed events in it. Only the write side still has them. */
export const queueDeleted: Fault = {
  name: 'queue-deleted',
  losesAtBroker: true,
  strike: async (strike) => {
    const { world, shoppers } = strike;
    const consumer = world.one('consumer-service');
    // While one batch is held, the consumer leaves the next events in the queue.
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

/** Deletes all exchanges and queues. The first service to notice declares them again; lost events are replayed. */
export const topologyDeleted: Fault = {
  name: 'topology-deleted',
  losesAtBroker: true,
  strike: async (strike) => {
    const { world, shoppers } = strike;
    const queues = topology.queues.flatMap((queue) =>
      'deadLetterQueue' in queue ? [queue.name, queue.deadLetterQueue] : [queue.name],
    );
    await withChannel(world.brokerUrl, async (channel) => {
      for (const exchange of [topology.exchange, topology.deadLetterExchange]) await channel.deleteExchange(exchange);
      for (const queue of queues) await channel.deleteQueue(queue);
    });
    await shoppers.moreAccepted(ORDERS);
    await untilFlowing(strike);
    return { proof: `2 exchanges and ${queues.length} queues deleted while orders were accepted` };
  },
};

/** Deletes the dead-letter exchange before bad messages arrive. Only they must wait until the exchange is declared again. */
export const deadLetterExchangeDeleted: Fault = {
  name: 'dead-letter-exchange-deleted',
  strike: async (strike) => {
    const { world, shoppers } = strike;
    const ids = Array.from({ length: 5 }, () => randomUUID());
    await withChannel(world.brokerUrl, async (channel) => {
      await channel.deleteExchange(topology.deadLetterExchange);
      for (const messageId of ids) {
        world.badMessageIds.add(messageId);
        channel.publish(EVENTS_EXCHANGE, 'order.created', Buffer.from(BROKEN_JSON), { messageId, persistent: true });
      }
    });
    await shoppers.moreAccepted(ORDERS);
    const seconds = await untilFlowing(strike);
    await eventually(
      async () => {
        const { messageCount } = await withChannel(world.brokerUrl, (channel) =>
          channel.checkQueue(deadLetterQueueOf(QUEUE)),
        );
        if (messageCount < ids.length) throw new Error(`${messageCount} of ${ids.length} are in the dead-letter queue`);
      },
      { timeoutMs: 30_000, intervalMs: 100 },
    );
    return {
      proof: `${ids.length} bad messages came while there was no dead-letter exchange`,
      recovery: { what: 'an order placed meanwhile in the views', seconds, limitSeconds: 5 },
    };
  },
};

/** Removes a binding: the broker confirms and returns its events, which must wait in the outbox until it is declared again. */
export const bindingRemoved: Fault = {
  name: 'binding-removed',
  strike: async (strike) => {
    const { world, shoppers } = strike;
    const line = world.one('command-service').broker;
    await withChannel(world.brokerUrl, async (channel) => {
      for (const key of eventQueues[QUEUE]) await channel.unbindQueue(QUEUE, EVENTS_EXCHANGE, key);
    });
    await shoppers.moreAccepted(ORDERS);
    await eventually(() => {
      if (line.seen('< return') === 0) throw new Error('the broker returned nothing');
    });
    const seconds = await untilFlowing(strike);
    return {
      proof: `${line.seen('< return')} messages were returned`,
      recovery: { what: 'the binding made again, and orders in the views', seconds, limitSeconds: 8 },
    };
  },
};
