import { deadLetterQueueOf, eventQueues } from '@tallyline/contracts/topology';
import { withChannel } from '../world/broker-access.js';
import type { Check } from './judge.js';

/** Checks, after all consumers have stopped, that the queues are empty and the dead-letter queues hold the bad messages. */
export const checkQueues: Check = ({ world }) =>
  withChannel(world.brokerUrl, async (channel) => {
    const faults: string[] = [];
    const deadLetters = new Set<string>();
    for (const queue of Object.keys(eventQueues)) {
      const { messageCount } = await channel.checkQueue(queue);
      if (messageCount > 0) faults.push(`${messageCount} messages are left in ${queue}`);
      for (;;) {
        const message = await channel.get(deadLetterQueueOf(queue), { noAck: true });
        if (message === false) break;
        const { messageId, headers } = message.properties;
        deadLetters.add(messageId);
        if (!world.badMessageIds.has(messageId)) faults.push(`${messageId} is a dead letter: ${headers?.['x-reason']}`);
      }
    }
    for (const id of world.badMessageIds) if (!deadLetters.has(id)) faults.push(`${id} is in no dead-letter queue`);
    return faults;
  });
