import type { Pool } from '@tallyline/chassis/postgres/pool';
import type { Logger } from '@tallyline/chassis/process/logger';
import { traceIdOf } from '@tallyline/chassis/process/trace-context';
import { timeOfUuid } from '@tallyline/chassis/process/uuid-v7';
import type { Watermark } from '@tallyline/contracts/watermark';
import type { ConsumeMessage } from 'amqplib';
import { sendDeadLetter } from '../dead-letters/send-dead-letter.js';
import type { BatchOutcome, OnBatch } from '../metrics.js';
import type { PublisherLink } from '../subscription/publisher-link.js';
import { applyIsolating, type Isolated } from './apply-isolating.js';
import type { DeadLetter, DecodedEvent } from './decode.js';
import type { Delivery } from './delivery.js';

interface Dependencies {
  readonly pool: Pool;
  readonly log: Logger;
  readonly publish: PublisherLink['publish'];
  readonly onBatch?: OnBatch;
}

/** Messages that must not be acknowledged. */
export interface Unacknowledged {
  /** The caller rejects these, and the broker moves them to their dead-letter queues. */
  readonly rejected: ReadonlySet<ConsumeMessage>;
  /** Their dead letters could not be stored: they stay in their queue, to be tried again. */
  readonly kept: ReadonlySet<ConsumeMessage>;
}

/** Applies deliveries, or sends them to their dead-letter queues. Those that it does not return may be acknowledged. */
export async function applyDeliveries(
  { pool, log, publish, onBatch }: Dependencies,
  deliveries: readonly Delivery[],
): Promise<Unacknowledged> {
  const startedAt = performance.now();
  const { messageOf, ...batch } = sort(deliveries, log);
  const isolated = await applyIsolating(pool, batch);
  const durationMs = Math.round(performance.now() - startedAt);
  const [rejected, kept] = [new Set<ConsumeMessage>(), new Set<ConsumeMessage>()];
  const send = async (deadLetter: DeadLetter) => {
    const message = messageOf(deadLetter);
    if (message === undefined) return;
    const outcome = await sendDeadLetter(publish, message, deadLetter);
    if (outcome === 'blocked') rejected.add(message);
    if (outcome === 'untaken') kept.add(message);
    const facts = { eventId: deadLetter.id, queue: deadLetter.queue, reason: deadLetter.reason };
    if (outcome === 'untaken')
      log.error(facts, 'the dead-letter queue does not take the message: it is missing, full, or has no leader');
    else log.error(facts, 'a message that cannot be applied was moved to its dead-letter queue');
  };
  // All dead letters are sent at once, because each waits for seconds when its queue has no leader.
  await Promise.all(isolated.deadLetters.map(send));
  if (batch.events.length + isolated.deadLetters.length > 0) onBatch?.(outcomeOf(isolated, durationMs));
  if (batch.events.length > 0) log.info(logLineOf(isolated, durationMs), 'batch saved to the read database');
  return { rejected, kept };
}

/** Sorts deliveries by their content, and remembers the message that each dead letter came from. */
function sort(deliveries: readonly Delivery[], log: Logger) {
  const events: DecodedEvent[] = [];
  const deadLetters: DeadLetter[] = [];
  const watermarks: Watermark[] = [];
  // Copies of an event are equal, so its id is enough to find a message. Two dead letters may have one id and different bodies.
  const messageByEventId = new Map<string, ConsumeMessage>();
  const messageByDeadLetter = new Map<DeadLetter, ConsumeMessage>();
  for (const delivery of deliveries) {
    const { message } = delivery;
    const content = delivery.content();
    if (content.kind === 'watermark') {
      if (content.watermark) watermarks.push(content.watermark);
      else log.warn({ appId: message.properties.appId }, 'ignored a malformed watermark');
    } else if (content.kind === 'event') {
      messageByEventId.set(content.id, message);
      events.push(content);
    } else if (content.kind === 'newer') {
      const { id, queue, reason, source } = content;
      const deadLetter: DeadLetter = { kind: 'dead-letter', id, queue, reason, fromOutbox: true, source };
      messageByDeadLetter.set(deadLetter, message);
      deadLetters.push(deadLetter);
    } else {
      messageByDeadLetter.set(content, message);
      deadLetters.push(content);
    }
  }
  const messageOf = (deadLetter: DeadLetter) =>
    messageByDeadLetter.get(deadLetter) ?? messageByEventId.get(deadLetter.id);
  return { events, deadLetters, watermarks, messageOf };
}

function outcomeOf({ applied, duplicates, deadLetters }: Isolated, durationMs: number): BatchOutcome {
  const newest = applied.findLast(({ fromOutbox }) => fromOutbox);
  const newestAtMs = newest && timeOfUuid(newest.id);
  return { applied: applied.length, duplicates, deadLettered: deadLetters.length, durationMs, newestAtMs };
}

/** One line per batch names all of its events: a line per event would cost too much throughput. */
function logLineOf({ applied, duplicates }: Isolated, durationMs: number) {
  return {
    applied: applied.length,
    duplicates,
    orders: applied.flatMap(({ event }) => (event.eventType === 'OrderCreated' ? event.orderId : [])),
    purchases: applied.flatMap(({ event }) => (event.eventType === 'PurchaseCreated' ? event.purchaseId : [])),
    eventIds: applied.map(({ id }) => id),
    traceIds: [...new Set(applied.flatMap(({ raw }) => (raw.traceparent ? traceIdOf(raw.traceparent) : [])))],
    durationMs,
  };
}
