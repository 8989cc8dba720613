import {
  type Pool,
  type Statement,
  type TransactionOptions,
  type Tx,
  withTransaction,
} from '@tallyline/chassis/postgres/pool';
import { takeRandomBytes } from '@tallyline/chassis/process/random-bytes';
import { type EventDeclaration, newestVersionOf } from '@tallyline/contracts/event-versions';
import { type EventOf, type EventType, events } from '@tallyline/contracts/events';
import { downcastTo } from '@tallyline/contracts/read-event';
import { defaultVersions, type WrittenVersions } from '@tallyline/contracts/written-versions';
import { v7 as uuidv7 } from 'uuid';
import type { PublishableRow } from './event-message.js';
import type { EventTime } from './event-time.sql.js';
import type { HandOver } from './hand-over.js';

interface EventWith<T extends EventType> {
  readonly type: T;
  readonly facts: Omit<EventOf<T>, 'eventId' | 'eventType' | 'occurredAt' | 'version'>;
  /** The request that caused the event. */
  readonly traceparent: string;
}

/** An event as the domain knows it, without identity, time of commit and transport. */
export type DomainEvent = { readonly [T in EventType]: EventWith<T> }[EventType];

export interface OutboxRow extends PublishableRow {
  /** Relays claim the row only from this time on. Undefined: at once. */
  readonly retryAt: Date | undefined;
}

/** The write database, and what becomes of the events that its transactions emit. */
export interface WriteDatabase {
  readonly pool: Pool;
  readonly handOver: HandOver;
  /** The version of each event type that its transactions write. */
  readonly versions: WrittenVersions;
}

/** A write database whose events all wait for a relay to claim them. */
export function leaveToRelay(pool: Pool, versions = defaultVersions): WriteDatabase {
  return { pool, handOver: { claimableFrom: () => undefined, committed: () => undefined }, versions };
}

export interface EmittingTx extends Tx {
  readonly handOver: HandOver;
  readonly versions: WrittenVersions;
  readonly emitted: OutboxRow[];
  /** If this function is set, it says after the commit whether the transaction stored its events. */
  isStored?: () => Promise<boolean>;
}

/**
 * Makes the outbox row of an event, which the caller must store in the same transaction (outbox.sql.ts has the SQL).
 * After the commit, the event goes to the broker from memory. If that fails, a relay publishes the row later.
 */
export function emit(tx: EmittingTx, now: EventTime, event: DomainEvent): OutboxRow {
  const row = outboxRow(event, now, { versions: tx.versions, retryAt: tx.handOver.claimableFrom(now) });
  tx.emitted.push(row);
  return row;
}

/** The field `version` of each type in its newest version. Events of version 1 do not have it. */
const versionField = Object.fromEntries(
  Object.entries<EventDeclaration>(events).flatMap(([type, declaration]) => {
    const newest = newestVersionOf(declaration);
    return newest > 1 ? [[type, newest]] : [];
  }),
);

/**
 * Makes an outbox row. Its id is a UUIDv7 that contains `createdAt`, which is the database's clock in whole milliseconds. So
 * one index serves identity and time, and no two clocks are compared.
 */
export function outboxRow(
  { type, facts, traceparent }: DomainEvent,
  createdAt: EventTime,
  { versions = defaultVersions, retryAt }: { versions?: WrittenVersions; retryAt?: Date | undefined } = {},
): OutboxRow {
  const id = uuidv7({ msecs: createdAt.getTime(), random: takeRandomBytes(16) });
  const occurredAt = createdAt.toISOString();
  // A second spread would make the engine copy field by field, which takes longer than everything else here.
  const event = { eventId: id, eventType: type, version: versionField[type], occurredAt, ...facts };
  const payload = JSON.stringify(downcastTo(events[type], versions[type], event));
  return { id, type, topic: events[type].topic, payload, traceparent, createdAt, retryAt };
}

/**
 * Sends the last statement of a transaction. If the statement returns no row, it has stored nothing, and the events of the
 * transaction are not published. The returned function says, after the commit, whether they were stored.
 */
export function commitIfFree(tx: EmittingTx, statement: Statement): () => Promise<boolean> {
  const written = tx.commitBehind([statement]);
  tx.isStored = async () => (await written.rows())[0]?.length !== 0;
  return tx.isStored;
}

/** Runs `work` in one transaction, and after its commit hands over the events that it emitted. */
export async function withEvents<T>(
  { pool, handOver, versions }: WriteDatabase,
  step: string,
  work: (tx: EmittingTx) => Promise<T>,
  options?: TransactionOptions,
): Promise<T> {
  const run = async (plain: Tx) => {
    const tx: EmittingTx = Object.assign(plain, { handOver, versions, emitted: [] });
    return { result: await work(tx), tx };
  };
  const { result, tx } = await withTransaction(pool, step, run, options);
  if (tx.isStored === undefined || (await tx.isStored())) handOver.committed(tx.emitted);
  return result;
}

/**
 * Does the same as `withEvents` for work that begins with reads and locks. Because `lock` changes nothing, its statements
 * are sent together with BEGIN, which saves a round trip.
 */
export function lockThenWrite<Locked, T>(
  database: WriteDatabase,
  step: string,
  lock: (tx: Tx) => Promise<Locked>,
  write: (tx: EmittingTx, locked: Locked) => Promise<T>,
): Promise<T> {
  return withEvents(database, step, async (tx) => write(tx, await lock(tx)), { readsFirst: true });
}
