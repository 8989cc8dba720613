import type { Pool } from '@tallyline/chassis/postgres/pool';
import type { Logger } from '@tallyline/chassis/process/logger';
import { traceIdOf } from '@tallyline/chassis/process/trace-context';
import { timeOfUuid } from '@tallyline/chassis/process/uuid-v7';
import type { Watermark } from '@tallyline/contracts/watermark';
import type { ConsumeMessage } from 'amqplib';
import { sendDeadLetter } from '../dead-letters/send-dead-letter.js';
import type { BatchOutcome, OnBatch } from '../metrics.js';
import { type ParkedEvent, parkedEventOf } from '../parked-events/parked-event.js';
import type { PublisherLink } from '../subscription/publisher-link.js';
import { applyIsolating, type Isolated } from './apply-isolating.js';
import type { DeadLetter, DecodedEvent, NewerEvent } from './decode.js';
import type { Delivery } from './delivery.js';

export interface Dependencies {
  readonly pool: Pool;
  readonly log: Logger;
  readonly publish: PublisherLink['publish'];
  readonly onBatch?: OnBatch;
}

/** Messages that became dead letters. Those that their dead-letter queues do not have must not be acknowledged. */
export interface DeadLettered {
  /** The dead-letter queue has confirmed these. */
  readonly stored: ReadonlySet<ConsumeMessage>;
  /** The caller rejects these, and the broker moves them to their dead-letter queues. */
  readonly rejected: ReadonlySet<ConsumeMessage>;
  /** Their dead letters could not be stored: they stay in their queue, to be tried again. */
  readonly kept: ReadonlySet<ConsumeMessage>;
}

/** Applies deliveries, or sends them to their dead-letter queues. All but the rejected and the kept may be acknowledged. */
export async function applyDeliveries(
  { pool, log, publish, onBatch }: Dependencies,
  deliveries: readonly Delivery[],
): Promise<DeadLettered> {
  const startedAt = performance.now();
  const { messageOf, ...batch } = sort(deliveries, log);
  const isolated = await applyIsolating(pool, batch);
  const durationMs = Math.round(performance.now() - startedAt);
  const [stored, rejected, kept] = [new Set<ConsumeMessage>(), new Set<ConsumeMessage>(), new Set<ConsumeMessage>()];
  const send = async (deadLetter: DeadLetter) => {
    const message = messageOf(deadLetter);
    if (message === undefined) return;
    const outcome = await sendDeadLetter(publish, message, deadLetter);
    if (outcome === 'stored') stored.add(message);
    if (outcome === 'blocked') rejected.add(message);
    if (outcome === 'untaken') kept.add(message);
    const facts = { eventId: deadLetter.id, queue: deadLetter.queue, reason: deadLetter.reason };
    if (outcome === 'untaken')
      log.error(facts, 'the dead-letter queue does not take the message: it is missing, full, or has no leader');
    else log.error(facts, 'a message that cannot be applied was moved to its dead-letter queue');
  };
  // All dead letters are sent at once, because each waits for seconds when its queue has no leader.
  await Promise.all(isolated.deadLetters.map(send));
  if (batch.events.length + batch.parked.length + isolated.deadLetters.length > 0)
    onBatch?.(outcomeOf(isolated, durationMs));
  if (batch.events.length > 0) log.info(logLineOf(isolated, durationMs), 'batch saved to the read database');
  if (isolated.parked.length > 0)
    log.warn(parkedLineOf(isolated), 'events that are newer than this release were parked: upgrade consumer-service');
  return { stored, rejected, kept };
}

/** Sorts deliveries by their content, and remembers the message that each dead letter came from. */
function sort(deliveries: readonly Delivery[], log: Logger) {
  const events: DecodedEvent[] = [];
  const deadLetters: DeadLetter[] = [];
  const parked: ParkedEvent[] = [];
  const watermarks: Watermark[] = [];
  // Copies of an event are equal, so its id is enough to find a message. Two dead letters may have one id and different bodies.
  const messageByEventId = new Map<string, ConsumeMessage>();
  const messageByDeadLetter = new Map<DeadLetter, ConsumeMessage>();
  const addDeadLetter = (deadLetter: DeadLetter, message: ConsumeMessage) => {
    messageByDeadLetter.set(deadLetter, message);
    deadLetters.push(deadLetter);
  };
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
      const event = parkedEventOf(content, message);
      if (event !== undefined) parked.push(event);
      else addDeadLetter(unstorable(content), message);
    } else addDeadLetter(content, message);
  }
  const messageOf = (deadLetter: DeadLetter) =>
    messageByDeadLetter.get(deadLetter) ?? messageByEventId.get(deadLetter.id);
  return { events, deadLetters, parked, watermarks, messageOf };
}

function unstorable({ id, queue, reason, fromOutbox, source }: NewerEvent): DeadLetter {
  const why = `${reason}, and its properties cannot be stored, because the outbox writes no such headers`;
  return { kind: 'dead-letter', id, queue, reason: why, fromOutbox, source };
}

function outcomeOf({ applied, parked, duplicates, deadLetters }: Isolated, durationMs: number): BatchOutcome {
  const newest = applied.findLast(({ fromOutbox }) => fromOutbox);
  const newestAtMs = newest && timeOfUuid(newest.id);
  const counts = { applied: applied.length, parked: parked.length, duplicates, deadLettered: deadLetters.length };
  return { ...counts, durationMs, newestAtMs };
}

/** Names all events of a batch that were parked, and each of their reasons once. */
function parkedLineOf({ parked }: Isolated) {
  return { eventIds: parked.map(({ id }) => id), reasons: [...new Set(parked.map(({ reason }) => reason))] };
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
