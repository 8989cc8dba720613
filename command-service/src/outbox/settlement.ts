import type { PublishOutcome, Rejection } from '@tallyline/chassis/broker/publisher';
import type { Tx } from '@tallyline/chassis/postgres/pool';
import type { Logger } from '@tallyline/chassis/process/logger';
import { EVENTS_EXCHANGE } from '@tallyline/contracts/topology';
import { endLease, markPublished, postpone } from './outbox.sql.js';

/** How long a row that no queue takes waits at first: short enough to follow a restored binding, long enough not to spin. */
const RETRY_UNTAKEN_MS = 2_000;

/** A row that was sent, and what the broker answered. */
export interface Sent {
  readonly id: string;
  readonly topic: string;
  readonly outcome: PublishOutcome;
  /** Where the outcome is `rejected`. */
  readonly rejection?: Rejection | undefined;
}

export interface Settlement {
  /** Marks what was confirmed and not returned, and nothing else; the statements leave together with COMMIT. */
  write(tx: Tx, sent: readonly Sent[]): void;
  /** Counts the outcomes and names what does not work. Call after the commit. */
  report(sent: readonly Sent[]): void;
  /** What the broker does not take at the moment, in words: the topics and events that wait in the outbox for that reason. */
  untaken(): readonly string[];
}

export interface SettlementOptions {
  readonly log: Logger;
  readonly onOutcome?: (outcome: PublishOutcome, count: number) => void;
  /** Events had nowhere to go: a queue or a binding seems to be missing. */
  readonly onReturned?: () => void;
}

/** Single events that are named as untaken; their number must not grow without end. */
const MAX_NAMED_EVENTS = 100;

/** What becomes of rows once the broker has answered, whoever has published them. */
export function createSettlement({ log, onOutcome, onReturned }: SettlementOptions): Settlement {
  /** By topic, or by event where it is the event's own fault. Each is logged once, until it is confirmed. */
  const untaken = new Map<string, string>();
  const name = (key: string, facts: object, words: string) => {
    if (untaken.get(key) === words) return;
    untaken.set(key, words);
    log.error(facts, words);
    const events = [...untaken.keys()].filter((named) => named.startsWith(EVENT));
    for (const oldest of events.slice(0, -MAX_NAMED_EVENTS)) untaken.delete(oldest);
  };
  return {
    write: (tx, sent) => {
      const ids = (...outcomes: PublishOutcome[]) =>
        sent.filter(({ outcome }) => outcomes.includes(outcome)).map(({ id }) => id);
      tx.commitBehind([
        ...markPublished(ids('confirmed')),
        ...postpone(ids('returned', 'refused', 'unanswered', 'rejected', 'unsendable'), RETRY_UNTAKEN_MS),
        ...endLease(ids('failed')),
      ]);
    },
    report: (sent) => {
      const counts = new Map<PublishOutcome, number>();
      for (const { outcome } of sent) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
      for (const [outcome, count] of counts) onOutcome?.(outcome, count);
      if (counts.has('returned')) onReturned?.();
      for (const { id, topic, outcome, rejection } of sent) {
        if (outcome === 'confirmed') {
          if (untaken.size === 0) continue;
          untaken.delete(topic);
          untaken.delete(EVENT + id);
        } else if (outcome === 'unsendable' || (rejection && !rejection.isOfRoutingKey)) {
          name(EVENT + id, { eventId: id, topic }, eventWords(id, topic, rejection));
        } else if (outcome !== 'failed') {
          name(topic, { topic }, topicWords(topic, outcome, rejection));
        }
      }
    },
    untaken: () => [...untaken.values()],
  };
}

const EVENT = 'event ';

function eventWords(id: string, topic: string, rejection: Rejection | undefined): string {
  const why = rejection ? `the broker rejects it: ${rejection.reason}` : 'it does not fit into an AMQP frame';
  return `event ${id} of "${topic}" waits in the outbox: ${why}`;
}

function topicWords(topic: string, outcome: PublishOutcome, rejection: Rejection | undefined): string {
  const waits = `events of "${topic}" wait in the outbox`;
  switch (outcome) {
    case 'returned':
      return `${waits}: no queue is bound to exchange "${EVENTS_EXCHANGE}" for that routing key`;
    case 'refused':
      return `${waits}: a queue refuses them; it may be full, by a policy`;
    case 'unanswered':
      return `${waits}: the broker answers others, but does not confirm them; their queue may have no leader`;
    default:
      return `${waits}: the broker rejects them: ${rejection?.reason ?? 'no reason is known'}`;
  }
}
