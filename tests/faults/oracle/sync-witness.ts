import { timeOfUuid } from '@tallyline/chassis/process/uuid-v7';
import type { World } from '../world/world.js';

/** The events that were committed at a time of the write database's clock. */
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

/** 'in-sync' is valid for 4 s after the newest watermark. A busy machine may delay the answer by 0.7 s more. */
const IN_SYNC_MAY_BE_OLD_MS = 4_000 + 700;

/**
 * Checks what sync-status says. Each look records the events that are committed at time t of the write database's clock.
 * When a later answer says "complete up to T" with T after t, or "in-sync" 4.7 s after t, every event of that look must be
 * accounted for. The read side is read after the answer, so an event that is applied meanwhile causes no false alarm. And
 * no new event may appear in a second that was called complete before, unless the fault removes events for a while and
 * restores them (`replacesHistory`).
 */
export function createSyncWitness(world: World, replacesHistory: boolean) {
  const seen: Seen[] = [];
  let newestId = '00000000-0000-0000-0000-000000000000';
  const notAccountedFor = new Set<string>();
  const known = new Set<string>();
  let calledCompleteMs = 0;
  let hasParked = false;

  return {
    look: async (): Promise<string[]> => {
      const { rows } = await world.write.query(
        `SELECT id::text AS id, extract(epoch FROM clock_timestamp()) * 1000 AS at_ms FROM outbox
          WHERE id > $1::uuid OR created_at > now() - interval '10 s' ORDER BY outbox.id`,
        [newestId],
      );
      const [clock] = (await world.write.query('SELECT extract(epoch FROM clock_timestamp()) * 1000 AS ms')).rows;
      seen.push({ atMs: Number(clock.ms), ids: rows.map(({ id }) => id) });
      const late = rows.filter(({ id }) => !known.has(id) && timeOfUuid(id) < calledCompleteMs);
      const faults = late.map(
        ({ id }) =>
          `sync-status said complete up to ${new Date(calledCompleteMs).toISOString()} before event ${id} was committed`,
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
      if (!replacesHistory) calledCompleteMs = Math.max(calledCompleteMs, completeUpToMs);
      const lacking = await notAccountedForAt(upToMs, said.status === 'in-sync');
      return [...faults, ...lacking.map((id) => `sync-status said ${JSON.stringify(said)} without event ${id}`)];
    },
  };

  /** Returns the events that were committed by then and are not accounted for now. */
  async function notAccountedForAt(upToMs: number, isInSync: boolean): Promise<string[]> {
    while (seen[0] !== undefined && seen[0].atMs <= upToMs)
      for (const id of seen.shift()?.ids ?? []) notAccountedFor.add(id);
    const { rows } = await world.read.query(
      `SELECT event_id::text AS id FROM processed_events WHERE event_id = ANY($1::uuid[])
       UNION ALL SELECT event_id::text FROM dead_letters WHERE event_id = ANY($1::uuid[])`,
      [[...notAccountedFor]],
    );
    for (const { id } of rows) notAccountedFor.delete(id);
    const parked = await parkedAmong(notAccountedFor);
    // A parked event is accounted for, but the views lack it.
    return isInSync ? [...notAccountedFor] : [...notAccountedFor].filter((id) => !parked.has(id));
  }

  /** Returns the parked events among these. A read database before release 0.3 has none. */
  async function parkedAmong(ids: ReadonlySet<string>): Promise<Set<string>> {
    hasParked ||= (await world.read.query("SELECT to_regclass('parked_events') AS found")).rows[0].found !== null;
    if (!hasParked || ids.size === 0) return new Set();
    const { rows } = await world.read.query(
      'SELECT event_id::text AS id FROM parked_events WHERE event_id = ANY($1::uuid[])',
      [[...ids]],
    );
    return new Set(rows.map(({ id }) => id));
  }
}
