import type { Mutant } from '../mutant.js';

const orderCreated = 'contracts/src/events/order-created.ts';

/** Bugs in reading events of earlier versions. */
export const versionBugs: readonly Mutant[] = [
  {
    name: 'upcaster-drops-field',
    bug: 'the upcaster of OrderCreated drops the id of the event',
    changes: [
      {
        file: orderCreated,
        from: '    upcast: ({ eventId, eventType, occurredAt, orderId, customerId, total, items }) => ({\n      eventId,\n',
        to: '    upcast: ({ eventType, occurredAt, orderId, customerId, total, items }) => ({\n',
      },
    ],
    caughtBy: {
      file: 'contracts/src/events/order-created.unit.test.ts',
      name: 'OrderCreated of version 1 keeps all that it holds when it becomes version 2 and version 1 again',
    },
  },
];
