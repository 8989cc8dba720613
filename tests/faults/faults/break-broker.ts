import { eventually } from '@tallyline/local/testing/eventually';
import { within } from '@tallyline/local/testing/within';
import type { Fault, Strike } from '../fault.js';
import { untilFlowing } from '../recovery.js';
import type { World } from '../world/world.js';

/** Time after the broker's boot in which the services must reconnect, declare the topology and deliver an order. */
const BACK_AFTER_BOOT_SECONDS = 3;

function breakBroker(name: string, strikeBroker: (strike: Strike) => Promise<void>): Fault {
  return {
    name,
    strike: async (strike) => {
      const { world, shoppers } = strike;
      const ended = world.servers.broker.ended;
      const startedAt = performance.now();
      const back = strikeBroker(strike).then(() => (performance.now() - startedAt) / 1000);
      const how = await within(20, 'the end of the broker', ended);
      await shoppers.moreAccepted(20);
      const bootSeconds = await back;
      await untilFlowing(strike);
      return {
        proof: `broker ended (${how}), 20 orders accepted meanwhile`,
        recovery: {
          what: `broker down and up in ${bootSeconds.toFixed(1)} s, orders in the views again`,
          seconds: (performance.now() - startedAt) / 1000,
          limitSeconds: bootSeconds + BACK_AFTER_BOOT_SECONDS,
        },
      };
    },
  };
}

/**
 * Waits until watermarks have advanced by 1.5 s. RabbitMQ saves its list of quorum queues every 500 ms, and a queue that was
 * declared within that time before a SIGKILL has no leader afterwards (docs/guarantees.md).
 */
async function queuesAreSaved({ read }: World): Promise<void> {
  const measuredAt = async () => {
    const { rows } = await read.query('SELECT extract(epoch FROM measured_at)::float8 AS at FROM sync_state');
    if (rows[0].at === null) throw new Error('no watermark yet');
    return rows[0].at;
  };
  const from = await eventually(measuredAt);
  await eventually(async () => {
    if ((await measuredAt()) < from + 1.5) throw new Error('no newer watermark has arrived');
  });
}

export const breakBrokers: readonly Fault[] = [
  breakBroker('broker-restart', ({ world }) => world.servers.broker.restart()),
  breakBroker('broker-sigkill', async ({ world }) => {
    await queuesAreSaved(world);
    await world.servers.broker.kill();
    await world.servers.broker.restart();
  }),
];

/** The broker refuses publishes while its memory alarm is on. Orders must be accepted, and their events wait. */
export const memoryAlarm: Fault = {
  name: 'broker-memory-alarm',
  strike: async (strike) => {
    const { world, shoppers } = strike;
    const { broker } = world.servers;
    const line = world.one('command-service').broker;
    await broker.control('set_vm_memory_high_watermark', '0.00001');
    try {
      await within(
        10,
        'connection.blocked',
        (async () => {
          while (line.seen('< blocked') === 0) await shoppers.moreAccepted(1);
        })(),
      );
      await shoppers.moreAccepted(40);
    } finally {
      await broker.control('set_vm_memory_high_watermark', '0.4');
    }
    await untilFlowing(strike);
    return { proof: 'the broker sent connection.blocked, 40 orders were accepted meanwhile' };
  },
};
