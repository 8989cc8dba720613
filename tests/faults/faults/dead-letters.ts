import { randomUUID } from 'node:crypto';
import { EVENTS_EXCHANGE } from '@tallyline/contracts/topology';
import { eventually } from '@tallyline/local/testing/eventually';
import type { Fault } from '../fault.js';
import { badMessages } from '../load/bad-messages.js';
import { withChannel } from '../world/broker-access.js';

/** Sends each kind three times among orders. Only these messages must become dead letters; the orders must be applied. */
export const deadLettersOfEachKind: Fault = {
  name: 'dead-letters-of-each-kind',
  strike: async ({ world, shoppers }) => {
    for (let round = 0; round < 3; round += 1) {
      await withChannel(world.brokerUrl, async (channel) => {
        for (const { body } of world.random.shuffled(badMessages)) {
          const messageId = randomUUID();
          world.badMessageIds.add(messageId);
          channel.publish(EVENTS_EXCHANGE, 'order.created', body, { messageId, persistent: true });
        }
      });
      await shoppers.moreAccepted(15);
    }
    await eventually(async () => {
      const { rows } = await world.read.query('SELECT count(*) AS n FROM dead_letters');
      if (Number(rows[0].n) < world.badMessageIds.size)
        throw new Error(`${rows[0].n} of ${world.badMessageIds.size} are recorded`);
    });
    return { proof: `${world.badMessageIds.size} messages of ${badMessages.length} kinds became dead letters` };
  },
};
