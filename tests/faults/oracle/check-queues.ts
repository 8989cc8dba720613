import { deadLetterQueueOf, eventQueues } from '@tallyline/contracts/topology';
import { withChannel } from '../world/broker-access.js';
import type { Check } from './judge.js';

/** With every consumer gone, what is left in a queue was never acknowledged. A dead-letter queue holds the poison, exactly. */
export const checkQueues: Check = ({ world }) =>
  withChannel(world.brokerUrl, async (channel) => {
    const faults: string[] = [];
    const letters = new Set<string>();
    for (const queue of Object.keys(eventQueues)) {
      const { messageCount } = await channel.checkQueue(queue);
      if (messageCount > 0) faults.push(`${messageCount} messages are left in ${queue}`);
      for (;;) {
        const letter = await channel.get(deadLetterQueueOf(queue), { noAck: true });
        if (letter === false) break;
        const { messageId, headers } = letter.properties;
        letters.add(messageId);
        if (!world.poison.has(messageId)) faults.push(`${messageId} is a dead letter: ${headers?.['x-reason']}`);
      }
    }
    for (const id of world.poison) if (!letters.has(id)) faults.push(`poison ${id} is in no dead-letter queue`);
    return faults;
  });
