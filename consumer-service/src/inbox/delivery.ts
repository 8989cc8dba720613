import { sourceIdOf } from '@tallyline/contracts/source';
import { OUTBOX_APP_ID, WATERMARK_QUEUE } from '@tallyline/contracts/topology';
import { type Watermark, watermark } from '@tallyline/contracts/watermark';
import type { ConsumeMessage } from 'amqplib';
import { type Decoded, decode } from './decode.js';

/** `watermark` is undefined when the message is malformed, or was not sent by the write side. */
type Content = Decoded | { readonly kind: 'watermark'; readonly watermark: Watermark | undefined };

/** A message whose content is decoded on first use. */
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
  if (queue === WATERMARK_QUEUE) return { kind: 'watermark', watermark: readWatermark(message) };
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
