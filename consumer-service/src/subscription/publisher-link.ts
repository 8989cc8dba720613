import { type BrokerLink, superviseBroker } from '@tallyline/chassis/broker/link';
import type { OutgoingMessage, Publisher, PublishOutcome } from '@tallyline/chassis/broker/publisher';
import type { Logger } from '@tallyline/chassis/process/logger';
import { topology } from '@tallyline/contracts/topology';

/** The broker may still have read a message that was sent just before its alarm. Its confirm then comes within this time. */
const CONFIRM_GRACE_MS = 1_000;

export interface PublisherLink {
  readonly link: BrokerLink<Publisher>;
  /**
   * Publishes one message and never rejects. 'blocked': an alarm keeps the broker from reading. 'failed': there is no
   * connection and nothing was sent. A returned message is published once more after the topology has been restored.
   */
  publish(message: OutgoingMessage): Promise<PublishOutcome | 'blocked'>;
}

/**
 * Opens the connection on which the consumer publishes dead letters and replay requests. It is not the consumer's own
 * connection: during an alarm the broker stops reading from a connection that publishes, acknowledgements included, so the
 * queue whose length caused the alarm could not shrink.
 */
export function startPublisherLink(log: Logger, brokerUrl: string): PublisherLink {
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
        // The message was sent and the connection ended without an answer, for example because the queue has no leader.
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
