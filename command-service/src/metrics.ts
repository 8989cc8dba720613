import type { PublishOutcome } from '@tallyline/chassis/broker/publisher';
import { Counter, Gauge, Histogram, type Metrics } from '@tallyline/chassis/process/metrics';
import type { Backlog } from './lag/backlog.js';

/** The metrics of this service; docs/operations.md explains each. */
export interface ServiceMetrics {
  onGroup(size: number): void;
  onOutcome(outcome: PublishOutcome, count: number): void;
  onBacklog(backlog: Backlog): void;
}

const GROUP_SIZES = [1, 2, 5, 10, 20, 50, 100, 200];

export function createServiceMetrics(metrics: Metrics): ServiceMetrics {
  const registers = [metrics];
  const groups = new Histogram({
    name: 'tallyline_order_group_size',
    help: 'Orders that shared one commit',
    buckets: GROUP_SIZES,
    registers,
  });
  const relayed = new Counter({
    name: 'tallyline_relay_events_total',
    help: 'Published events by their publish result, such as confirmed or returned',
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
    help: 'Age of the oldest event that the broker has not confirmed, 0 when there is none',
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
