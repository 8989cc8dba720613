import { withClient } from '@tallyline/local/servers/schema';
import { eventually } from '@tallyline/local/testing/eventually';
import type { Fault, Strike } from '../fault.js';
import { untilFlowing } from '../recovery.js';

/** Makes a database read-only, as managed databases do when their disk is nearly full. The service must not be ready. */
function readOnlyDatabase(side: 'write' | 'read', service: 'command-service' | 'consumer-service'): Fault {
  return {
    name: `${side}-database-read-only`,
    strike: async (strike) => {
      const { world } = strike;
      const url = side === 'write' ? world.writeUrl : world.readUrl;
      const setReadOnly = async (on: boolean) => {
        const name = new URL(url).pathname.slice(1);
        await withClient(world.servers[side].url('postgres'), async (client) => {
          await client.query(`ALTER DATABASE ${name} SET default_transaction_read_only = ${on}`);
          await client.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [name]);
        });
      };
      await setReadOnly(true);
      const reason = await eventually(() => notReady(strike, service), { timeoutMs: 15_000 });
      await setReadOnly(false);
      const seconds = await untilFlowing(strike);
      return {
        proof: `${service} was not ready: ${reason}`,
        recovery: { what: 'orders in the views again', seconds, limitSeconds: 10 },
      };
    },
  };
}

async function notReady({ world }: Strike, service: 'command-service' | 'consumer-service'): Promise<string> {
  const answer = await fetch(`${world.one(service).process.url}/health/ready`);
  const { checks } = (await answer.json()) as { checks: Record<string, { reason?: string }> };
  const reasons = Object.values(checks).flatMap(({ reason }) => reason ?? []);
  const said = reasons.find((reason) => reason.includes('read-only'));
  if (answer.status !== 503 || said === undefined) throw new Error(`${service} answers ${answer.status}: ${reasons}`);
  return said;
}

export const readOnly: readonly Fault[] = [
  readOnlyDatabase('write', 'command-service'),
  readOnlyDatabase('read', 'consumer-service'),
];
