import type { Publisher, PublishOutcome, Rejection } from '@tallyline/chassis/broker/publisher';
import type { Tx } from '@tallyline/chassis/postgres/pool';
import type { Logger } from '@tallyline/chassis/process/logger';
import { EVENTS_EXCHANGE } from '@tallyline/contracts/topology';
import { type EventOrigin, eventMessage, type PublishableRow } from './event-message.js';
import { endLease, markPublished, postpone } from './outbox.sql.js';

/** Shortest wait before an event that no queue took is published again. Without a wait, the relay would spin. */
const RETRY_DELAY_MS = 2_000;

/** An open connection, and the origin that is written into the events published on it. */
export interface Broker {
  readonly publisher: Publisher;
  readonly origin: EventOrigin;
}

/** The outcome of one published row. */
export interface PublishResult {
  readonly id: string;
  readonly topic: string;
  readonly outcome: PublishOutcome;
  /** Set if the outcome is `rejected`. */
  readonly rejection?: Rejection | undefined;
}

/** Resolves when the broker has answered for every row. Never rejects. */
export async function publishRows(
  { publisher, origin }: Broker,
  rows: readonly PublishableRow[],
): Promise<PublishResult[]> {
  const outcomes = await publisher.publishAll(rows, (row) => eventMessage(row, origin));
  return rows.map(({ id, topic }, index) => {
    const outcome = outcomes[index] ?? 'failed';
    return outcome === 'rejected'
      ? { id, topic, outcome, rejection: publisher.whyRejected(topic, id) }
      : { id, topic, outcome };
  });
}

export interface PublishResults {
  /** Marks the confirmed rows as published. The statements are sent together with COMMIT. */
  record(tx: Tx, results: readonly PublishResult[]): void;
  /** Counts the outcomes, and logs each new problem. Call it after the commit. */
  report(results: readonly PublishResult[]): void;
  /** Returns a sentence for each topic or event that waits in the outbox because the broker does not take it. */
  problems(): readonly string[];
}

export interface PublishResultsOptions {
  readonly log: Logger;
  readonly onOutcome?: (outcome: PublishOutcome, count: number) => void;
  /** Called when the broker returned events: a queue or a binding seems to be missing. */
  readonly onReturned?: () => void;
}

/** `problems` names at most this many single events, so that it cannot grow without end. */
const MAX_NAMED_EVENTS = 100;

/** Records and reports publish results, for the relay and the hand-over alike. */
export function createPublishResults({ log, onOutcome, onReturned }: PublishResultsOptions): PublishResults {
  /** Problems by topic, or by event if only that event is at fault. Each is logged once, and again after a confirm. */
  const problems = new Map<string, string>();
  const addProblem = (key: string, facts: object, sentence: string) => {
    if (problems.get(key) === sentence) return;
    problems.set(key, sentence);
    log.error(facts, sentence);
    const events = [...problems.keys()].filter((named) => named.startsWith(EVENT));
    for (const oldest of events.slice(0, -MAX_NAMED_EVENTS)) problems.delete(oldest);
  };
  return {
    record: (tx, results) => {
      const ids = (...outcomes: PublishOutcome[]) =>
        results.filter(({ outcome }) => outcomes.includes(outcome)).map(({ id }) => id);
      tx.commitBehind([
        ...markPublished(ids('confirmed')),
        ...postpone(ids('returned', 'refused', 'unanswered', 'rejected', 'unsendable'), RETRY_DELAY_MS),
        ...endLease(ids('failed')),
      ]);
    },
    report: (results) => {
      const counts = new Map<PublishOutcome, number>();
      for (const { outcome } of results) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
      for (const [outcome, count] of counts) onOutcome?.(outcome, count);
      if (counts.has('returned')) onReturned?.();
      for (const { id, topic, outcome, rejection } of results) {
        if (outcome === 'confirmed') {
          if (problems.size === 0) continue;
          problems.delete(topic);
          problems.delete(EVENT + id);
        } else if (outcome === 'unsendable' || (rejection && !rejection.isOfRoutingKey)) {
          addProblem(EVENT + id, { eventId: id, topic }, eventProblem(id, topic, rejection));
        } else if (outcome !== 'failed') {
          addProblem(topic, { topic }, topicProblem(topic, outcome, rejection));
        }
      }
    },
    problems: () => [...problems.values()],
  };
}

const EVENT = 'event ';

function eventProblem(id: string, topic: string, rejection: Rejection | undefined): string {
  const why = rejection ? `the broker rejects it: ${rejection.reason}` : 'it does not fit into an AMQP frame';
  return `event ${id} of "${topic}" waits in the outbox: ${why}`;
}

function topicProblem(topic: string, outcome: PublishOutcome, rejection: Rejection | undefined): string {
  const waits = `events of "${topic}" wait in the outbox`;
  switch (outcome) {
    case 'returned':
      return `${waits}: no queue is bound to exchange "${EVENTS_EXCHANGE}" for that routing key`;
    case 'refused':
      return `${waits}: a queue refuses them; a policy may limit its length`;
    case 'unanswered':
      return `${waits}: the broker confirms other events, but not these; their queue may have no leader`;
    default:
      return `${waits}: the broker rejects them: ${rejection?.reason ?? 'no reason is known'}`;
  }
}
