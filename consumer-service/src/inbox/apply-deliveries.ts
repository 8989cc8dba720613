import type { Logger } from '@tallyline/chassis/logger';
import type { Pool } from '@tallyline/chassis/postgres';
import type { Publisher } from '@tallyline/chassis/publisher';
import { traceIdOf } from '@tallyline/chassis/trace-context';
import { timeOfUuid } from '@tallyline/chassis/uuid-v7';
import { OUTBOX_APP_ID, WATERMARK_QUEUE } from '@tallyline/contracts/topology';
import { type Watermark, watermark } from '@tallyline/contracts/watermark';
import type { ConsumeMessage } from 'amqplib';
import type { OnBatch } from '../measures.js';
import { applyIsolating } from './apply-isolating.js';
import { sendToDeadLetters } from './dead-letter.js';
import { type Decoded, type DecodedEvent, decode, type Poison } from './decode.js';

/** What a message says: an event, poison, a watermark, or a watermark that is none. */
type Content = Decoded | { readonly kind: 'watermark'; readonly mark: Watermark | undefined };

/** A message, and what it says once somebody asks. */
export interface Delivery {
  readonly message: ConsumeMessage;
  content(): Content;
}

export function deliveryOf(queue: string, message: ConsumeMessage): Delivery {
  let content: Content | undefined;
  return {
    message,
    content: () => {
      content ??= read(queue, message);
      return content;
    },
  };
}

function read(queue: string, message: ConsumeMessage): Content {
  if (queue === WATERMARK_QUEUE) return { kind: 'watermark', mark: readWatermark(message) };
  const { messageId, appId, headers } = message.properties;
  const traceparent = typeof headers?.traceparent === 'string' ? headers.traceparent : undefined;
  return decode({ queue, body: message.content, messageId, appId, traceparent });
}

interface Dependencies {
  readonly pool: Pool;
  readonly log: Logger;
  readonly publisher: Publisher;
  readonly onBatch?: OnBatch;
}

/** Applies and, where that cannot be done, sets aside. When it resolves, every delivery may be acknowledged. */
export async function applyDeliveries(
  { pool, log, publisher, onBatch }: Dependencies,
  deliveries: readonly Delivery[],
): Promise<void> {
  const startedAt = performance.now();
  const events: DecodedEvent[] = [];
  const undecodable: Poison[] = [];
  const watermarks: Watermark[] = [];
  /** Of events by id: copies are the same. Poison keeps its own: two bad messages may call themselves by one id. */
  const messages = new Map<string, ConsumeMessage>();
  const poisonous = new Map<Poison, ConsumeMessage>();

  for (const delivery of deliveries) {
    const { message } = delivery;
    const content = delivery.content();
    if (content.kind === 'watermark') {
      if (content.mark) watermarks.push(content.mark);
      else log.warn({ appId: message.properties.appId }, 'ignored a watermark that is not one');
      continue;
    }
    if (content.kind === 'event') {
      messages.set(content.id, message);
      events.push(content);
    } else {
      poisonous.set(content, message);
      undecodable.push(content);
    }
  }

  const { applied, duplicates, poison } = await applyIsolating(pool, { events, poison: undecodable, watermarks });
  for (const letter of poison) {
    const message = poisonous.get(letter) ?? messages.get(letter.id);
    if (message) await sendToDeadLetters(publisher, message, letter);
    log.error({ eventId: letter.id, queue: letter.queue, reason: letter.reason }, 'message set aside');
  }
  const durationMs = Math.round(performance.now() - startedAt);
  if (events.length + poison.length > 0) {
    const newest = applied.findLast(({ counted }) => counted);
    const newestAtMs = newest && timeOfUuid(newest.id);
    onBatch?.({ applied: applied.length, duplicates, deadLettered: poison.length, durationMs, newestAtMs });
  }
  if (events.length > 0) {
    const orders = applied.flatMap(({ event }) => (event.eventType === 'OrderCreated' ? event.orderId : []));
    const purchases = applied.flatMap(({ event }) => (event.eventType === 'PurchaseCreated' ? event.purchaseId : []));
    // Arrays on one line per batch, as long as a batch at most: a line per event would halve the throughput.
    const eventIds = applied.map(({ id }) => id);
    const traceIds = [...new Set(applied.flatMap(({ raw }) => (raw.traceparent ? traceIdOf(raw.traceparent) : [])))];
    log.info(
      { applied: applied.length, duplicates, orders, purchases, eventIds, traceIds, durationMs },
      'batch saved to the read database',
    );
  }
}

function readWatermark({ content, properties }: ConsumeMessage): Watermark | undefined {
  if (properties.appId !== OUTBOX_APP_ID) return undefined;
  try {
    return watermark.safeParse(JSON.parse(content.toString('utf8'))).data;
  } catch {
    return undefined;
  }
}
