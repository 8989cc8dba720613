import { eventually } from '@tallyline/local/testing/eventually';
import type { Strike } from './fault.js';
import { send } from './load/send.js';
import { newRequest } from './load/shop-request.js';

/** Resolves when a new order has reached the views, and returns the seconds that it took. */
export async function untilFlowing({ world, shoppers }: Strike, timeoutMs = 40_000): Promise<number> {
  const startedAt = performance.now();
  const request = newRequest(world.random.fork(`flow ${startedAt}`), shoppers.products.slice(0, 2));
  shoppers.adopt(request);
  await eventually(
    async () => {
      if (request.outcome === 'unknown') await send(request, world.one('command-service').process.url);
      const { rowCount } = await world.read.query('SELECT 1 FROM processed_events WHERE event_id = $1', [
        request.eventId || null,
      ]);
      if (rowCount !== 1) throw new Error('an order placed after the fault does not reach the views');
    },
    { timeoutMs, intervalMs: 10 },
  );
  return (performance.now() - startedAt) / 1000;
}

/** Resolves when every committed event is applied and sync-status says so, and returns the seconds that it took. */
export async function untilInSync({ world }: Pick<Strike, 'world'>, timeoutMs = 30_000): Promise<number> {
  const startedAt = performance.now();
  await eventually(
    async () => {
      const [outbox] = (
        await world.write.query(
          'SELECT count(*) AS all, count(*) FILTER (WHERE published_at IS NULL) AS waiting FROM outbox',
        )
      ).rows;
      const [inbox] = (await world.read.query('SELECT count(*) AS applied FROM processed_events')).rows;
      const url = `${world.one('query-service').process.url}/api/analytics/sync-status`;
      const said = (await (await fetch(url, { signal: AbortSignal.timeout(5_000) })).json()) as Record<string, unknown>;
      const state = JSON.stringify({ ...outbox, ...inbox, said });
      if (outbox.waiting !== '0' || inbox.applied !== outbox.all)
        throw new Error(`not all events are applied: ${state}`);
      if (said.status !== 'in-sync' || said.lagSeconds !== 0)
        throw new Error(`all events are applied, but sync-status does not say so: ${state}`);
    },
    { timeoutMs, intervalMs: 50 },
  );
  return (performance.now() - startedAt) / 1000;
}
