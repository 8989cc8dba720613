import { setTimeout as delay } from 'node:timers/promises';
import type { Fault } from '../fault.js';
import type { TcpProxy } from '../proxy/tcp-proxy.js';
import { untilFlowing } from '../recovery.js';
import type { World } from '../world/world.js';

const HEARTBEAT_SECONDS = 2;
const BLACK_HOLE_MS = 3.5 * HEARTBEAT_SECONDS * 1000;

function blackHole(name: string, lines: (world: World) => readonly TcpProxy[]): Fault {
  return {
    name,
    options: { heartbeatSeconds: HEARTBEAT_SECONDS },
    strike: async (strike) => {
      const frozen = lines(strike.world);
      for (const line of frozen) line.freeze();
      await delay(BLACK_HOLE_MS);
      for (const line of frozen) line.thaw();
      const back = await untilFlowing(strike);
      const held = frozen.reduce((sum, line) => sum + line.bytesHeld(), 0);
      if (held === 0) throw new Error('the fault did not strike: no byte was held back');
      return {
        proof: `${frozen.length} lines took ${held} bytes and gave none for 7 s; back ${back.toFixed(1)} s later`,
      };
    },
  };
}

export const blackHoles: readonly Fault[] = [
  blackHole('black-hole-broker', (world) =>
    [...world.services('command-service'), ...world.services('consumer-service')].map(({ broker }) => broker),
  ),
  blackHole('black-hole-databases', (world) => world.services().map(({ database }) => database)),
];

export const slowLink: Fault = {
  name: 'slow-link',
  strike: async (strike) => {
    const lines = strike.world.lines();
    for (const line of lines) line.slow({ latencyMs: 80, bytesPerSecond: 200_000 });
    const startedAt = performance.now();
    await strike.shoppers.moreAccepted(40);
    const seconds = (performance.now() - startedAt) / 1000;
    for (const line of lines) line.slow(undefined);
    await untilFlowing(strike);
    return { proof: `40 orders took ${seconds.toFixed(1)} s over lines of 80 ms and 200 kB/s` };
  },
};
