import { createHash } from 'node:crypto';
import { validationMessage } from '@tallyline/chassis/process/validation-message';
import { type AnyEvent, events, isEventType } from '@tallyline/contracts/events';
import { OUTBOX_APP_ID } from '@tallyline/contracts/topology';

/** The parts of a delivery that decide what it is. */
export interface RawMessage {
  readonly queue: string;
  readonly body: Buffer;
  readonly messageId: string | undefined;
  readonly appId: string | undefined;
  readonly traceparent: string | undefined;
  /** The identity of the write database that it says it comes from. */
  readonly source?: string | undefined;
}

export interface DecodedEvent {
  readonly kind: 'event';
  readonly id: string;
  readonly queue: string;
  readonly event: AnyEvent;
  /** It came from the write side's outbox, so the ledger counts it. */
  readonly counted: boolean;
  /** The write database that it comes from, if it says so. */
  readonly source?: string | undefined;
  /** As received, for the archive. */
  readonly raw: RawMessage;
}

export interface Poison {
  readonly kind: 'poison';
  readonly id: string;
  readonly queue: string;
  readonly reason: string;
  readonly counted: boolean;
  readonly source?: string | undefined;
}

export type Decoded = DecodedEvent | Poison;

/** In lower case, as the database writes them. */
export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/**
 * An id that the outbox can have made: a UUIDv7 of before the year 2527. The ledger takes the event's second from it, and a
 * forged one of the year 10889 is a second that the database refuses, with every batch that holds it.
 */
const OUTBOX_ID = /^0[0-9a-f]{7}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const inWords = { error: validationMessage };
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Makes an event of a message, or says why it is none. Never throws: the neighbours of a bad message are good. */
export function decode(raw: RawMessage): Decoded {
  const { queue, body, messageId, appId, source } = raw;
  const counted = appId === OUTBOX_APP_ID && messageId !== undefined && OUTBOX_ID.test(messageId);
  let eventId: string | undefined;
  // The same id as when today's code learns to read it: a redrive must not be another event.
  const poison = (reason: string): Poison => {
    return { kind: 'poison', id: identify(messageId, eventId, body), queue, reason, counted, source };
  };
  let json: unknown;
  try {
    json = JSON.parse(utf8.decode(body));
  } catch {
    return poison('undecodable: the body is not JSON in UTF-8');
  }
  const { eventType: type, eventId: given } = (json ?? {}) as { eventType?: unknown; eventId?: unknown };
  if (typeof given === 'string' && UUID.test(given.toLowerCase())) eventId = given;
  if (!isEventType(type)) return poison(`unknown event type ${JSON.stringify(type)?.slice(0, 100)}`);
  const parsed = events[type].schema.safeParse(json, inWords);
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'the body'} ${issue.message}`);
    return poison(`not a valid ${type}: ${faults.slice(0, 5).join('; ')}`);
  }
  const event = parsed.data;
  return { kind: 'event', id: identify(messageId, event.eventId, body), queue, event, counted, source, raw };
}

/**
 * Identity for deduplication: the messageId, else the body's eventId, else the SHA-256 of the bytes. What is not a UUID
 * is folded into one (version 8, RFC 9562 section 5.8), because 16 bytes index faster than text of any length.
 */
export function identify(messageId: string | undefined, eventId: string | undefined, body: Buffer): string {
  const given = messageId || eventId;
  if (given === undefined) return uuidOf(body);
  const lower = given.toLowerCase();
  return UUID.test(lower) ? lower : uuidOf(Buffer.from(given));
}

function uuidOf(bytes: Buffer): string {
  const hash = createHash('sha256').update(bytes).digest();
  hash.writeUInt8((hash.readUInt8(6) & 0x0f) | 0x80, 6);
  hash.writeUInt8((hash.readUInt8(8) & 0x3f) | 0x80, 8);
  return hash.toString('hex', 0, 16).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
