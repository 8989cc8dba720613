import type { Queryable } from '@tallyline/chassis/postgres/pool';
import { Gauge, type Metrics } from '@tallyline/chassis/process/metrics';
import { readSyncStatus } from './lag/sync-status.js';

/** Registers gauges for how far the views are behind. Each scrape reads the sync status, which costs a few index lookups. */
export function registerLagMetrics(metrics: Metrics, db: Queryable): void {
  const registers = [metrics];
  const pending = new Gauge({
    name: 'tallyline_views_pending_events',
    help: 'Events that the write side committed and the views do not include yet',
    registers,
  });
  const deadLetters = new Gauge({
    name: 'tallyline_views_set_aside_events',
    help: 'Dead letters that were neither applied nor discarded since',
    registers,
  });
  const parked = new Gauge({
    name: 'tallyline_views_parked_events',
    help: 'Events that are newer than the consumer that received them and were not applied since',
    registers,
  });
  new Gauge({
    name: 'tallyline_views_lag_seconds',
    help: 'Age of the oldest event that the views do not include; 0 when there is none; NaN when it is unknown',
    registers,
    async collect() {
      const status = await readSyncStatus(db).catch(() => undefined);
      this.set(status?.lagSeconds ?? Number.NaN);
      pending.set(status?.pendingEvents ?? Number.NaN);
      parked.set(status?.parkedEvents ?? Number.NaN);
      deadLetters.set(status?.setAsideEvents ?? Number.NaN);
    },
  });
}
