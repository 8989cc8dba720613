import type { Queryable } from '@tallyline/chassis/postgres/pool';
import { Gauge, type Metrics } from '@tallyline/chassis/process/metrics';
import { readSyncStatus } from './lag/sync-status.js';

type SyncStatus = Awaited<ReturnType<typeof readSyncStatus>>;

/**
 * Registers gauges for how far the views are behind. The gauges of a scrape share one read of the sync status, which costs a
 * few index lookups. Each gauge waits for it, because a value that another gauge sets would be shown in the next scrape only.
 */
export function registerLagMetrics(metrics: Metrics, db: Queryable): void {
  let reading: Promise<SyncStatus | undefined> | undefined;
  const read = () => {
    reading ??= readSyncStatus(db)
      .catch(() => undefined)
      .finally(() => {
        reading = undefined;
      });
    return reading;
  };
  const gauge = (name: string, help: string, fieldOf: (status: SyncStatus) => number | null) =>
    new Gauge({
      name,
      help,
      registers: [metrics],
      async collect() {
        const status = await read();
        this.set((status && fieldOf(status)) ?? Number.NaN);
      },
    });
  gauge(
    'tallyline_views_pending_events',
    'Events that the write side committed and the views do not include yet',
    ({ pendingEvents }) => pendingEvents,
  );
  gauge(
    'tallyline_views_set_aside_events',
    'Dead letters that were neither applied nor discarded since',
    ({ setAsideEvents }) => setAsideEvents,
  );
  gauge(
    'tallyline_views_parked_events',
    'Events that are newer than the consumer that received them and were not applied since',
    ({ parkedEvents }) => parkedEvents,
  );
  gauge(
    'tallyline_views_lag_seconds',
    'Age of the oldest event that the views do not include; 0 when there is none; NaN when it is unknown',
    ({ lagSeconds }) => lagSeconds,
  );
}
