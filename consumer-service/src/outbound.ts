import { type BrokerLink, superviseBroker } from '@tallyline/chassis/broker/link';
import type { OutgoingMessage, Publisher, PublishOutcome } from '@tallyline/chassis/broker/publisher';
import type { Logger } from '@tallyline/chassis/process/logger';
import { topology } from '@tallyline/contracts/topology';

/** What was sent just before the broker told of its alarm may have been read; then its confirm comes by then. */
const CONFIRM_GRACE_MS = 1_000;

export interface Outbound {
  readonly link: BrokerLink<Publisher>;
  /**
   * Resolves when the broker has answered, or with 'blocked' while an alarm keeps it from reading. 'failed': not sent. What has
   * no queue is published a second time when the topology was looked at. Never rejects.
   */
  publish(message: OutgoingMessage): Promise<PublishOutcome | 'blocked'>;
}

export interface OutboundOptions {
  readonly log: Logger;
  readonly brokerUrl: string;
}

/**
 * The consumer publishes (dead letters, requests for a replay) on a connection of its own. From one that publishes during an
 * alarm the broker reads no more, acknowledgements included: after one dead letter a queue whose length is the alarm's reason
 * would never get shorter.
 */
export function startOutbound({ log, brokerUrl }: OutboundOptions): Outbound {
  const waiting = new Set<() => void>();
  const link = superviseBroker<Publisher>({
    url: brokerUrl,
    name: 'consumer-service publisher',
    log,
    topology,
    open: (connection) => connection.publisher(),
    onBlocked: () => {
      const sent = [...waiting];
      setTimeout(() => {
        for (const giveUp of sent) giveUp();
      }, CONFIRM_GRACE_MS).unref();
    },
  });
  const publishOnce = async (message: OutgoingMessage): Promise<PublishOutcome | 'blocked'> => {
    if (link.blocked()) return 'blocked';
    const publisher = link.session();
    if (publisher === undefined) return 'failed';
    return new Promise((resolve) => {
      const giveUp = () => resolve('blocked');
      waiting.add(giveUp);
      void publisher.publish(message).then((outcome) => {
        waiting.delete(giveUp);
        // A queue without a leader, to which nothing else is published, ends the connection.
        resolve(outcome === 'failed' ? 'unanswered' : outcome);
      });
    });
  };
  return {
    link,
    publish: async (message) => {
      const outcome = await publishOnce(message);
      if (outcome !== 'returned') return outcome;
      await link.restoreTopology();
      return publishOnce(message);
    },
  };
}
