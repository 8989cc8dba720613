import { timeOfUuid } from '@tallyline/chassis/process/uuid-v7';
import type { World } from '../world/world.js';

/** What was committed, as seen at a time of the write database's clock. */
interface Seen {
  readonly atMs: number;
  readonly ids: readonly string[];
}

interface SyncStatus {
  readonly status: string;
  readonly completeUpTo: string | null;
  readonly lagSeconds: number | null;
  readonly pendingEvents: number;
}

/** 'in-sync' lives for 4 s after the newest watermark; the rest is for the way of the answer on a busy machine. */
const IN_SYNC_MAY_BE_OLD_MS = 4_000 + 700;

/**
 * Holds sync-status to its word. Each look notes which events are committed at time t of the write database's clock (all
 * of its snapshot was committed before t). When a later answer says complete up to T, or in-sync at all 4.7 s after t,
 * every event seen by then must be settled; the read side is asked after the answer, so a late apply is no false alarm.
 * And no event may be seen for the first time whose second was called complete before, unless the fault itself takes events
 * away and brings them back (`replacesHistory`).
 */
export function createSyncWitness(world: World, replacesHistory: boolean) {
  const seen: Seen[] = [];
  let newestId = '00000000-0000-0000-0000-000000000000';
  const unsettled = new Set<string>();
  const known = new Set<string>();
  let vouchedForMs = 0;

  return {
    look: async (): Promise<string[]> => {
      const { rows } = await world.write.query(
        `SELECT id::text AS id, extract(epoch FROM clock_timestamp()) * 1000 AS at_ms FROM outbox
          WHERE id > $1::uuid OR created_at > now() - interval '10 s' ORDER BY outbox.id`,
        [newestId],
      );
      const [clock] = (await world.write.query('SELECT extract(epoch FROM clock_timestamp()) * 1000 AS ms')).rows;
      seen.push({ atMs: Number(clock.ms), ids: rows.map(({ id }) => id) });
      const late = rows.filter(({ id }) => !known.has(id) && timeOfUuid(id) < vouchedForMs);
      const faults = late.map(
        ({ id }) => `${new Date(vouchedForMs).toISOString()} was called complete before event ${id} came`,
      );
      for (const { id } of rows) known.add(id);
      newestId = rows.at(-1)?.id ?? newestId;

      const [service] = world.services('query-service');
      if (service === undefined) return faults;
      const answer = await fetch(`${service.process.url}/api/analytics/sync-status`, {
        signal: AbortSignal.timeout(3_000),
      });
      if (answer.status !== 200) return faults;
      const said = (await answer.json()) as SyncStatus;
      const completeUpToMs = Date.parse(said.completeUpTo ?? '1970-01-01');
      const upToMs =
        said.status === 'in-sync' ? Math.max(completeUpToMs, Number(clock.ms) - IN_SYNC_MAY_BE_OLD_MS) : completeUpToMs;
      if (!replacesHistory) vouchedForMs = Math.max(vouchedForMs, completeUpToMs);
      const lacking = await unsettledAt(upToMs);
      return [...faults, ...lacking.map((id) => `sync-status said ${JSON.stringify(said)} without event ${id}`)];
    },
  };

  /** Events that were committed by then and are not settled now. What was found settled is not asked for again. */
  async function unsettledAt(upToMs: number): Promise<string[]> {
    while (seen[0] !== undefined && seen[0].atMs <= upToMs) for (const id of seen.shift()?.ids ?? []) unsettled.add(id);
    const { rows } = await world.read.query(
      `SELECT event_id::text AS id FROM processed_events WHERE event_id = ANY($1::uuid[])
       UNION ALL SELECT event_id::text FROM dead_letters WHERE event_id = ANY($1::uuid[])`,
      [[...unsettled]],
    );
    for (const { id } of rows) unsettled.delete(id);
    return [...unsettled];
  }
}
