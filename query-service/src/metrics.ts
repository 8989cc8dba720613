import type { Queryable } from '@tallyline/chassis/postgres/pool';
import { Gauge, type Metrics } from '@tallyline/chassis/process/metrics';
import { readSyncStatus } from './lag/sync-status.js';

/** How far the views are behind, asked when Prometheus asks: indexes of incomplete seconds, which are few. */
export function measureSync(metrics: Metrics, db: Queryable): void {
  const registers = [metrics];
  const pending = new Gauge({
    name: 'tallyline_views_pending_events',
    help: 'Events that the write side committed and the views do not include yet',
    registers,
  });
  const aside = new Gauge({
    name: 'tallyline_views_set_aside_events',
    help: 'Events set aside and neither applied nor forgotten since',
    registers,
  });
  new Gauge({
    name: 'tallyline_views_lag_seconds',
    help: 'Age of the oldest event that the views do not include; 0 when there is none; NaN when it cannot be known',
    registers,
    async collect() {
      const status = await readSyncStatus(db).catch(() => undefined);
      this.set(status?.lagSeconds ?? Number.NaN);
      pending.set(status?.pendingEvents ?? Number.NaN);
      aside.set(status?.setAsideEvents ?? Number.NaN);
    },
  });
}
