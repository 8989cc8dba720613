/** The broker's topology, declared once. Both sides assert it, so either may start first. */

export const EVENTS_EXCHANGE = 'events';
export const DEAD_LETTER_EXCHANGE = 'events.dlx';

/** Queues that carry events, with the routing keys that reach them. Each has a `<queue>.dlq` beside it. */
export const eventQueues = {
  'product-events': ['product.*'],
  'order-events': ['order.*'],
  'purchase-events': ['purchase.*'],
} as const;

/** The relay's watermarks travel beside the events, not among them: the event queues show events alone. */
export const WATERMARK_QUEUE = 'watermarks';
export const WATERMARK_TOPIC = 'watermark';

/** The one queue that flows back: the read side asks for events that were lost on the way. */
export const REPLAY_QUEUE = 'replay-requests';
export const REPLAY_TOPIC = 'replay.requested';

/** `appId` of what comes out of the outbox: only those messages are counted against the write side's ledger. */
export const OUTBOX_APP_ID = 'command-service';

export function deadLetterQueueOf(queue: string): string {
  return `${queue}.dlq`;
}

/** All of it, in the form that the chassis declares. */
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
