import { callManagement } from '@tallyline/local/servers/rabbitmq-ready';
import { eventually } from '@tallyline/local/testing/eventually';
import type { Fault } from '../fault.js';
import { untilFlowing } from '../recovery.js';

const TOPIC = 'purchase.created';

/** The broker closes the channel over every purchase event. Purchases must wait, and orders must not. */
export const deniedTopic: Fault = {
  name: 'topic-denied',
  strike: async (strike) => {
    const { world, shoppers } = strike;
    const command = world.one('command-service');
    const mayPublish = (write: string) =>
      callManagement(world.managementUrl, 'PUT', `/api/topic-permissions/${world.vhost}/guest`, {
        exchange: 'events',
        write,
        read: '.*',
      });
    const waiting = async () => {
      const { rows } = await world.write.query(
        'SELECT count(*)::int AS n FROM outbox WHERE published_at IS NULL AND topic = $1',
        [TOPIC],
      );
      return rows[0].n as number;
    };
    await mayPublish('^(product|order|watermark|replay)');
    // A channel keeps the permissions that it was opened with, so the relay must reconnect.
    const connected = sessions(command.process.log);
    command.broker.cut();
    await eventually(() => {
      if (sessions(command.process.log) === connected) throw new Error('the relay does not come back');
    });
    await eventually(async () => {
      if ((await waiting()) < 3) throw new Error('purchases are published all the same');
    });
    const before = sessions(command.process.log);
    await shoppers.moreAccepted(100);
    const seconds = await untilFlowing(strike);
    const during = sessions(command.process.log) - before;
    const held = await waiting();
    await mayPublish('.*');
    if (during > 0) throw new Error(`the relay lost its connection ${during} times over events that the broker denies`);
    return {
      proof: `${held} purchases were denied and waited while 100 orders were accepted`,
      recovery: { what: 'an order placed meanwhile in the views', seconds, limitSeconds: 2 },
    };
  },
};

const sessions = (log: readonly { readonly msg: string }[]) =>
  log.filter(({ msg }) => msg === 'broker connected').length;
