import { type BrokerLink, superviseBroker } from '@tallyline/chassis/broker/link';
import { onPool, type Pool } from '@tallyline/chassis/postgres/pool';
import type { Logger } from '@tallyline/chassis/process/logger';
import { startLoop } from '@tallyline/chassis/process/loop';
import type { SyncProblem } from '@tallyline/contracts/sync-reasons';
import { topology } from '@tallyline/contracts/topology';
import type { ConsumeMessage } from 'amqplib';
import { applyDeliveries } from '../inbox/apply-deliveries.js';
import type { OnBatch } from '../metrics.js';
import { writeProblems } from '../problems/write-problems.js';
import { views } from '../projections/index.js';
import { registerViews } from '../view-history/view-history.sql.js';
import type { PublisherLink } from './publisher-link.js';
import { LANES, openSession, type Session } from './session.js';

const IDLE_MS = 60_000;
/** A message whose dead letter could not be stored is tried again after this time. */
const KEPT_MS = 10_000;

export interface Subscription {
  readonly link: BrokerLink<Session>;
  /** Returns what keeps events from the views now. */
  problems(): readonly SyncProblem[];
  /** Ends the subscription after the batches under way, and then the publisher link. */
  stop(): Promise<void>;
}

export interface SubscriptionOptions {
  readonly pool: Pool;
  readonly log: Logger;
  readonly brokerUrl: string;
  readonly publisherLink: PublisherLink;
  readonly onBatch?: OnBatch;
}

/**
 * Takes the deliveries that have arrived, applies them in one transaction and acknowledges them after the commit.
 * Deliveries that arrive meanwhile form the next batch. There is no timer: a single event is applied at once, and a
 * backlog is applied in batches of up to 500.
 */
export function startSubscription(options: SubscriptionOptions): Subscription {
  const { pool, log, brokerUrl, publisherLink, onBatch } = options;
  const link: BrokerLink<Session> = superviseBroker<Session>({
    url: brokerUrl,
    name: 'consumer-service',
    log,
    topology,
    open: (connection) => openSession(connection, log, () => loop.wake()),
    // The broker answers the close of a channel after it has read every acknowledgement. The close of a connection may
    // overtake the last acknowledgement.
    close: ({ channel }) => channel.close(),
    // A full queue can fill the prefetch before the session is known. No later delivery would wake the loop then.
    onUp: () => loop.wake(),
  });

  let areViewsRegistered = false;
  const turn = async (lane: number): Promise<'busy' | 'idle'> => {
    // No batch may be applied before this: its events would count as the past of a view that is new to the database.
    if (!areViewsRegistered) await registerViews(onPool(pool), views);
    areViewsRegistered = true;
    const session = link.session();
    const batch = session?.batches.batchFor(lane);
    if (session === undefined || batch === undefined) return 'idle';
    const dependencies = { pool, log, publish: publisherLink.publish, ...(onBatch && { onBatch }) };
    const { rejected, kept } = await applyDeliveries(dependencies, batch.deliveries);
    const applied = session.batches.applied(lane, new Set([...rejected, ...kept]));
    if (link.session() !== session) return 'busy';
    for (const message of rejected) session.channel.reject(message, false);
    for (const message of kept) keep(session, message);
    // Everything up to the last tag is applied, so one acknowledgement covers it, unless a kept message is among it.
    const last = applied.at(-1);
    if (session.kept.size > 0) for (const { message } of applied) session.channel.ack(message);
    else if (last !== undefined) session.channel.ack(last.message, true);
    return 'busy';
  };
  const keep = (session: Session, message: ConsumeMessage) => {
    session.kept.add(message);
    setTimeout(() => {
      if (link.session() !== session) return;
      session.kept.delete(message);
      session.channel.reject(message, true);
    }, KEPT_MS).unref();
  };
  const loop = startLoop('consumer', log, { idleMs: IDLE_MS, turn, lanes: LANES });

  return {
    link,
    problems: () => [...linkProblems(link), ...writeProblems(loop.trouble(), 'write the read database')],
    stop: () => link.stop(() => publisherLink.link.stop(loop.stop)),
  };
}

function linkProblems(link: BrokerLink<Session>): SyncProblem[] {
  const session = link.session();
  if (session === undefined) {
    const detail = `consumer-service has no connection to the broker: ${link.trouble()}`;
    return [{ code: 'consumer-without-broker', detail }];
  }
  const { leftOut, kept } = session;
  const problems: SyncProblem[] = [];
  if (leftOut.length > 0)
    problems.push({ code: 'queue-not-consumed', detail: `consumer-service may not consume ${leftOut.join(', ')}` });
  if (kept.size > 0)
    problems.push({
      code: 'dead-letters-not-taken',
      detail: `${kept.size} message(s) find no room in a dead-letter queue`,
    });
  return problems;
}
