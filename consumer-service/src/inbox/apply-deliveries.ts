import type { Pool } from '@tallyline/chassis/postgres/pool';
import type { Logger } from '@tallyline/chassis/process/logger';
import { traceIdOf } from '@tallyline/chassis/process/trace-context';
import { timeOfUuid } from '@tallyline/chassis/process/uuid-v7';
import type { Watermark } from '@tallyline/contracts/watermark';
import type { ConsumeMessage } from 'amqplib';
import type { OnBatch } from '../measures.js';
import type { Outbound } from '../outbound.js';
import { applyIsolating, type Isolated } from './apply-isolating.js';
import { sendToDeadLetters } from './dead-letter.js';
import type { DecodedEvent, Poison } from './decode.js';
import type { Delivery } from './delivery.js';

interface Dependencies {
  readonly pool: Pool;
  readonly log: Logger;
  readonly publish: Outbound['publish'];
  readonly onBatch?: OnBatch;
}

/** What is not to be acknowledged. */
export interface Unacknowledged {
  readonly rejected: ReadonlySet<ConsumeMessage>;
  /** Nothing took their dead letters: they wait with the broker, to be tried again. */
  readonly kept: ReadonlySet<ConsumeMessage>;
}

/** Applies and, where that cannot be done, sets aside. When it resolves, all but what it returns may be acknowledged. */
export async function applyDeliveries(
  { pool, log, publish, onBatch }: Dependencies,
  deliveries: readonly Delivery[],
): Promise<Unacknowledged> {
  const startedAt = performance.now();
  const { events, poison, watermarks, messageOf } = sort(deliveries, log);
  const isolated = await applyIsolating(pool, { events, poison, watermarks });
  const durationMs = Math.round(performance.now() - startedAt);
  const [rejected, kept] = [new Set<ConsumeMessage>(), new Set<ConsumeMessage>()];
  const setAside = async (letter: Poison) => {
    const message = messageOf(letter);
    if (message === undefined) return;
    const outcome = await sendToDeadLetters(publish, message, letter);
    if (outcome === 'blocked') rejected.add(message);
    if (outcome === 'untaken') kept.add(message);
    const facts = { eventId: letter.id, queue: letter.queue, reason: letter.reason };
    if (outcome === 'untaken')
      log.error(facts, 'its dead-letter queue does not take the message: it is missing, full, or has no leader');
    else log.error(facts, 'message set aside');
  };
  // All at once: without a leader each costs 7 s.
  await Promise.all(isolated.poison.map(setAside));
  if (events.length + isolated.poison.length > 0) onBatch?.(measuresOf(isolated, durationMs));
  if (events.length > 0) log.info(lineOf(isolated, durationMs), 'batch saved to the read database');
  return { rejected, kept };
}

/** What the deliveries are, and which message a letter came from. */
function sort(deliveries: readonly Delivery[], log: Logger) {
  const events: DecodedEvent[] = [];
  const poison: Poison[] = [];
  const watermarks: Watermark[] = [];
  /** Of events by id: copies are the same. Poison keeps its own: two bad messages may call themselves by one id. */
  const ofEvents = new Map<string, ConsumeMessage>();
  const ofPoison = new Map<Poison, ConsumeMessage>();
  for (const delivery of deliveries) {
    const { message } = delivery;
    const content = delivery.content();
    if (content.kind === 'watermark') {
      if (content.mark) watermarks.push(content.mark);
      else log.warn({ appId: message.properties.appId }, 'ignored a watermark that is not one');
    } else if (content.kind === 'event') {
      ofEvents.set(content.id, message);
      events.push(content);
    } else {
      ofPoison.set(content, message);
      poison.push(content);
    }
  }
  return { events, poison, watermarks, messageOf: (letter: Poison) => ofPoison.get(letter) ?? ofEvents.get(letter.id) };
}

function measuresOf({ applied, duplicates, poison }: Isolated, durationMs: number): Parameters<OnBatch>[0] {
  const newest = applied.findLast(({ counted }) => counted);
  const newestAtMs = newest && timeOfUuid(newest.id);
  return { applied: applied.length, duplicates, deadLettered: poison.length, durationMs, newestAtMs };
}

/** Arrays on one line per batch, as long as a batch at most: a line per event would halve the throughput. */
function lineOf({ applied, duplicates }: Isolated, durationMs: number) {
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
