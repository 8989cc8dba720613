/** The broker's topology. Both sides declare it at the broker, so either may start first. */

export const EVENTS_EXCHANGE = 'events';
export const DEAD_LETTER_EXCHANGE = 'events.dlx';

/** Event queues with their routing keys. Each has a dead-letter queue `<queue>.dlq`. */
export const eventQueues = {
  'product-events': ['product.*'],
  'order-events': ['order.*'],
  'purchase-events': ['purchase.*'],
} as const;

/** Watermarks have their own queue, so that the lengths of the event queues are numbers of events. */
export const WATERMARK_QUEUE = 'watermarks';
export const WATERMARK_TOPIC = 'watermark';

/** The only queue from the read side to the write side: requests for lost events. */
export const REPLAY_QUEUE = 'replay-requests';
export const REPLAY_TOPIC = 'replay.requested';

/** The `appId` of messages from the outbox. The ledger counts only those. */
export const OUTBOX_APP_ID = 'command-service';

export function deadLetterQueueOf(queue: string): string {
  return `${queue}.dlq`;
}

/** The whole topology in the form that the chassis declares. */
export const topology = {
  exchange: EVENTS_EXCHANGE,
  deadLetterExchange: DEAD_LETTER_EXCHANGE,
  queues: [
    ...Object.entries(eventQueues).map(([name, bindings]) => ({
      name,
      bindings,
      deadLetterQueue: deadLetterQueueOf(name),
    })),
    { name: WATERMARK_QUEUE, bindings: [WATERMARK_TOPIC] },
    { name: REPLAY_QUEUE, bindings: [REPLAY_TOPIC] },
  ],
};
