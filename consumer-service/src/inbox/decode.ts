import { createHash } from 'node:crypto';
import { validationMessage } from '@tallyline/chassis/process/validation-message';
import type { AnyEvent } from '@tallyline/contracts/events';
import { readEvent } from '@tallyline/contracts/read-event';
import { OUTBOX_APP_ID } from '@tallyline/contracts/topology';

/** The parts of a delivery that decide what it is. */
export interface RawMessage {
  readonly queue: string;
  readonly body: Buffer;
  readonly messageId: string | undefined;
  readonly appId: string | undefined;
  readonly traceparent: string | undefined;
  /** The identity of the write database that the message names, if it names one. */
  readonly source?: string | undefined;
}

export interface DecodedEvent {
  readonly kind: 'event';
  readonly id: string;
  readonly queue: string;
  readonly event: AnyEvent;
  /** The write side's watermarks count this event, so the ledger must count it, too. */
  readonly fromOutbox: boolean;
  readonly source?: string | undefined;
  /** The message as received, for the archive. */
  readonly raw: RawMessage;
}

/** A message that cannot be applied, and the reason. */
export interface DeadLetter {
  readonly kind: 'dead-letter';
  readonly id: string;
  readonly queue: string;
  readonly reason: string;
  readonly fromOutbox: boolean;
  readonly source?: string | undefined;
}

/** An event from the outbox that a later release wrote: its type or its version is not known here. */
export interface NewerEvent {
  readonly kind: 'newer';
  readonly id: string;
  readonly queue: string;
  /** Type and version as the body names them: a consumer that knows both can read the event. */
  readonly type: string;
  readonly version: number;
  readonly reason: string;
  readonly fromOutbox: boolean;
  readonly source?: string | undefined;
}

export type Decoded = DecodedEvent | NewerEvent | DeadLetter;

/** A UUID in lower case, as PostgreSQL prints it. */
export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/**
 * An id that the outbox can have made: a UUIDv7 from before the year 2527. The ledger takes the event's second from the id.
 * A forged id with a time that PostgreSQL cannot store would make it refuse every batch that holds the event.
 */
const OUTBOX_ID = /^0[0-9a-f]{7}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const inWords = { error: validationMessage };
const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Reads a message as an event, or says why it cannot be one. It never throws, so one bad message fails no batch. */
export function decode(raw: RawMessage): Decoded {
  const { queue, body, messageId, appId, source } = raw;
  const fromOutbox = appId === OUTBOX_APP_ID && messageId !== undefined && OUTBOX_ID.test(messageId);
  let eventId: string | undefined;
  // A dead letter gets the id that the event will have once the code can read it, so that a redrive applies the same event.
  const deadLetter = (reason: string): DeadLetter => {
    return { kind: 'dead-letter', id: identify(messageId, eventId, body), queue, reason, fromOutbox, source };
  };
  let json: unknown;
  try {
    json = JSON.parse(utf8.decode(body));
  } catch {
    return deadLetter('undecodable: the body is not JSON in UTF-8');
  }
  const { eventId: given } = (json ?? {}) as { eventId?: unknown };
  if (typeof given === 'string' && UUID.test(given.toLowerCase())) eventId = given;
  const read = readEvent(json, inWords);
  if (read.kind === 'newer' && fromOutbox) {
    return {
      kind: 'newer',
      id: identify(messageId, eventId, body),
      queue,
      type: read.type,
      version: read.version,
      reason: read.reason,
      fromOutbox,
      source,
    };
  }
  if (read.kind !== 'event') return deadLetter(read.reason);
  const { event } = read;
  return { kind: 'event', id: identify(messageId, event.eventId, body), queue, event, fromOutbox, source, raw };
}

/**
 * Returns the id for deduplication: the messageId, else the body's eventId, else the SHA-256 of the bytes. Text that is not
 * a UUID is hashed into one (version 8, RFC 9562 section 5.8), because 16 bytes are faster to index than text.
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
