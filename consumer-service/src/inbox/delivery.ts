import { sourceIdOf } from '@tallyline/contracts/source';
import { OUTBOX_APP_ID, WATERMARK_QUEUE } from '@tallyline/contracts/topology';
import { type Watermark, watermark } from '@tallyline/contracts/watermark';
import type { ConsumeMessage } from 'amqplib';
import { type Decoded, decode } from './decode.js';

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
  const source = sourceIdOf(headers?.['cloudEvents:source']);
  return decode({ queue, body: message.content, messageId, appId, traceparent, source });
}

function readWatermark({ content, properties }: ConsumeMessage): Watermark | undefined {
  if (properties.appId !== OUTBOX_APP_ID) return undefined;
  try {
    return watermark.safeParse(JSON.parse(content.toString('utf8'))).data;
  } catch {
    return undefined;
  }
}
