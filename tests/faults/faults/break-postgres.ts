import type { PostgresServer } from '@tallyline/local/servers/postgres-server';
import { withClient } from '@tallyline/local/servers/schema';
import { eventually } from '@tallyline/local/testing/eventually';
import { within } from '@tallyline/local/testing/within';
import type { Fault } from '../fault.js';
import { untilFlowing } from '../recovery.js';
import type { LinkedService } from '../world/linked-service.js';
import type { World } from '../world/world.js';

type Side = 'write' | 'read';

function breakPostgres(side: Side, how: 'restart' | 'sigkill'): Fault {
  return {
    name: `postgres-${side}-${how}`,
    strike: async (strike) => {
      const server: PostgresServer = strike.world.servers[side];
      const { pid, ended } = server;
      if (how === 'sigkill') await server.kill();
      await server.restart();
      const seconds = await untilFlowing(strike);
      return {
        proof: `server ${pid} ended (${await ended}), ${server.pid} took over; back ${seconds.toFixed(1)} s later`,
      };
    },
  };
}

/** Holds a transaction just before its COMMIT and ends its backend, so that the COMMIT reaches no transaction. */
function terminate(name: string, side: Side, victim: (world: World) => LinkedService, after: string): Fault {
  return {
    name,
    strike: async (strike) => {
      const { world } = strike;
      const caught = await within(10, 'a COMMIT', victim(world).database.trap({ after, hold: '> Query COMMIT' }));
      const { rowCount } = await withClient(world.servers[side].url('postgres'), (client) =>
        client.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE state LIKE 'idle in transaction%' AND datname <> 'postgres'`,
        ),
      );
      caught.release();
      if (!rowCount) throw new Error('no transaction was open');
      await untilFlowing(strike);
      return { proof: `${rowCount} backends terminated before their COMMIT` };
    },
  };
}

/** Ends the backend of a batch that waits for a row lock in the middle of its statement. */
const terminateBatch: Fault = {
  name: 'terminate-batch',
  strike: async (strike) => {
    const ended = await withClient(strike.world.readUrl, async (client) => {
      await client.query('BEGIN');
      await client.query('SELECT FROM category_metrics_view FOR UPDATE');
      return eventually(async () => {
        const { rowCount } = await client.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))`,
        );
        if (!rowCount) throw new Error('no batch waits for the rows');
        return rowCount;
      });
    });
    await untilFlowing(strike);
    return { proof: `${ended} backends terminated while their batch waited for a row` };
  },
};

export const breakPostgreses: readonly Fault[] = [
  breakPostgres('write', 'restart'),
  breakPostgres('write', 'sigkill'),
  breakPostgres('read', 'restart'),
  breakPostgres('read', 'sigkill'),
  terminate('terminate-order', 'write', (world) => world.one('command-service'), '> Bind insert-orders'),
  terminate('terminate-relay', 'write', (world) => world.one('command-service'), '> Bind mark-published'),
  terminateBatch,
];
