import type { PublishOutcome } from '@tallyline/chassis/broker/publisher';
import { Counter, Gauge, Histogram, type Metrics } from '@tallyline/chassis/process/metrics';
import type { Backlog } from './outbox/backlog.js';

/** What this service counts of its own work; docs/operations.md says what each is good for. */
export interface Measures {
  onGroup(size: number): void;
  onOutcome(outcome: PublishOutcome, count: number): void;
  onBacklog(backlog: Backlog): void;
}

const GROUP_SIZES = [1, 2, 5, 10, 20, 50, 100, 200];

/** The backlog is what the relay counted last for a watermark (backlog.ts): reading it asks no database. */
export function createMeasures(metrics: Metrics): Measures {
  const registers = [metrics];
  const groups = new Histogram({
    name: 'tallyline_order_group_size',
    help: 'Orders that shared one commit',
    buckets: GROUP_SIZES,
    registers,
  });
  const relayed = new Counter({
    name: 'tallyline_relay_events_total',
    help: 'Events by what the broker answered to their publishing',
    labelNames: ['outcome'],
    registers,
  });
  for (const outcome of ['confirmed', 'returned', 'refused', 'failed', 'unanswered', 'rejected', 'unsendable'] as const)
    relayed.inc({ outcome }, 0);
  const waiting = new Gauge({
    name: 'tallyline_outbox_waiting_events',
    help: 'Events stored and not yet confirmed by the broker',
    registers,
  });
  const oldest = new Gauge({
    name: 'tallyline_outbox_oldest_age_seconds',
    help: 'Age of the oldest of them, 0 when there is none',
    registers,
  });
  return {
    onGroup: (size) => groups.observe(size),
    onOutcome: (outcome, count) => relayed.inc({ outcome }, count),
    onBacklog: (backlog) => {
      waiting.set(backlog.waiting);
      oldest.set(backlog.oldestAgeSeconds);
    },
  };
}
