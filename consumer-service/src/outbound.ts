import { type BrokerLink, superviseBroker } from '@tallyline/chassis/broker-link';
import type { Logger } from '@tallyline/chassis/logger';
import type { OutgoingMessage, Publisher, PublishOutcome } from '@tallyline/chassis/publisher';

/** What was sent just before the broker told of its alarm may have been read; then its confirm comes by then. */
const CONFIRM_GRACE_MS = 1_000;

interface OutboundSession {
  readonly publisher: Publisher;
  readonly fail: (error: Error) => void;
}

export interface Outbound {
  readonly link: BrokerLink<OutboundSession>;
  /** Resolves when the broker has answered, or with 'blocked' while an alarm keeps it from reading. 'failed': not sent. Never rejects. */
  publish(message: OutgoingMessage): Promise<PublishOutcome | 'blocked'>;
}

export interface OutboundOptions {
  readonly log: Logger;
  readonly brokerUrl: string;
  readonly onFatal: (error: Error) => void;
}

/**
 * The consumer publishes (dead letters, requests for a replay) on a connection of its own. From one that publishes during an
 * alarm the broker reads no more, acknowledgements included: after one dead letter a queue whose length is the alarm's reason
 * would never get shorter.
 */
export function startOutbound({ log, brokerUrl, onFatal }: OutboundOptions): Outbound {
  const waiting = new Set<() => void>();
  const link = superviseBroker<OutboundSession>({
    url: brokerUrl,
    name: 'consumer-service publisher',
    log,
    onFatal,
    open: async (connection) => {
      return { publisher: connection.publisherOn(await connection.confirmChannel()), fail: connection.fail };
    },
    onBlocked: () => {
      const sent = [...waiting];
      setTimeout(() => {
        for (const giveUp of sent) giveUp();
      }, CONFIRM_GRACE_MS).unref();
    },
  });
  return {
    link,
    publish: async (message) => {
      if (link.blocked()) return 'blocked';
      const session = link.session();
      if (session === undefined) return 'failed';
      return new Promise((resolve) => {
        const giveUp = () => resolve('blocked');
        waiting.add(giveUp);
        void session.publisher.publish(message).then((outcome) => {
          waiting.delete(giveUp);
          // A quorum queue's refusal lasts as long as the channel when the policy that keeps it short is taken away.
          if (outcome === 'refused') session.fail(new Error('a queue refuses messages'));
          // A queue without a leader, to which nothing else is published, ends the connection.
          resolve(outcome === 'failed' ? 'unanswered' : outcome);
        });
      });
    },
  };
}
