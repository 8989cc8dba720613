import type { Logger } from '@tallyline/chassis/logger';
import type { Tx } from '@tallyline/chassis/postgres';
import type { PublishOutcome } from '@tallyline/chassis/publisher';
import { EVENTS_EXCHANGE } from '@tallyline/contracts/topology';
import { endLease, markPublished, postpone } from './outbox.sql.js';

/** How long a row that no queue takes waits at first: short enough to follow a restored binding, long enough not to spin. */
const RETRY_UNTAKEN_MS = 2_000;

/** A row that was sent, and what the broker answered. */
export interface Sent {
  readonly id: string;
  readonly topic: string;
  readonly outcome: PublishOutcome;
}

export interface Settlement {
  /** Marks what was confirmed and not returned, and nothing else; the statements leave together with COMMIT. */
  write(tx: Tx, sent: readonly Sent[]): void;
  /** Counts the outcomes and names what does not work. Call after the commit. */
  report(sent: readonly Sent[]): void;
}

/** What becomes of rows once the broker has answered, whoever has published them. */
export function createSettlement(
  log: Logger,
  onOutcome: (outcome: PublishOutcome, count: number) => void = () => undefined,
): Settlement {
  const warnNoQueue = oncePerTopic((topic) =>
    log.error(
      { topic, exchange: EVENTS_EXCHANGE },
      `no queue is bound to exchange "${EVENTS_EXCHANGE}" for routing key "${topic}": its events wait in the outbox`,
    ),
  );
  const warnRefused = oncePerTopic((topic) =>
    log.error({ topic }, `a queue refuses events of "${topic}": it may be full, by a policy; they wait in the outbox`),
  );
  const warnUnanswered = oncePerTopic((topic) =>
    log.error(
      { topic },
      `the broker answers others, but confirms no event of "${topic}": its queue may have no leader; they wait in the outbox`,
    ),
  );
  return {
    write: (tx, sent) => {
      const ids = (...outcomes: PublishOutcome[]) =>
        sent.filter(({ outcome }) => outcomes.includes(outcome)).map(({ id }) => id);
      tx.commitBehind([
        ...markPublished(ids('confirmed')),
        ...postpone(ids('returned', 'refused', 'unanswered', 'unsendable'), RETRY_UNTAKEN_MS),
        ...endLease(ids('failed')),
      ]);
    },
    report: (sent) => {
      const counts = new Map<PublishOutcome, number>();
      for (const { outcome } of sent) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
      for (const [outcome, count] of counts) onOutcome(outcome, count);
      warnNoQueue(sent, 'returned');
      warnRefused(sent, 'refused');
      warnUnanswered(sent, 'unanswered');
      for (const { id } of sent.filter(({ outcome }) => outcome === 'unsendable'))
        log.error({ eventId: id }, 'outbox row does not fit into an AMQP frame; it waits');
    },
  };
}

/** Names a topic once, and again only after one of its events was confirmed: the fault had been mended. */
function oncePerTopic(warn: (topic: string) => void): (sent: readonly Sent[], fault: PublishOutcome) => void {
  const known = new Set<string>();
  return (sent, fault) => {
    for (const { topic, outcome } of sent) {
      if (outcome === 'confirmed') known.delete(topic);
      if (outcome !== fault || known.has(topic)) continue;
      known.add(topic);
      warn(topic);
    }
  };
}
