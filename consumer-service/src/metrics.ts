import { Counter, Histogram, type Metrics } from '@tallyline/chassis/process/metrics';

export interface BatchOutcome {
  readonly applied: number;
  readonly parked: number;
  readonly duplicates: number;
  readonly deadLettered: number;
  readonly durationMs: number;
  /** When the newest applied event of the outbox was committed, by the write database's clock; milliseconds since 1970. */
  readonly newestAtMs: number | undefined;
}

/** Called after each batch. docs/operations.md describes the metrics. */
export type OnBatch = (outcome: BatchOutcome) => void;

const BATCH_SIZES = [1, 5, 20, 50, 100, 200, 500, 1000];
const BATCH_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
const AGE_SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30, 300, 3600];

export function createBatchMetrics(metrics: Metrics): OnBatch {
  const registers = [metrics];
  const events = new Counter({
    name: 'tallyline_consumer_events_total',
    help: 'Events by their result: applied, parked, duplicate or dead_lettered',
    labelNames: ['result'],
    registers,
  });
  for (const result of ['applied', 'duplicate', 'dead_lettered', 'parked']) events.inc({ result }, 0);
  const sizes = new Histogram({
    name: 'tallyline_consumer_batch_events',
    help: 'Events that shared one transaction',
    buckets: BATCH_SIZES,
    registers,
  });
  const durations = new Histogram({
    name: 'tallyline_consumer_batch_duration_seconds',
    help: 'Time from taking a batch to its commit',
    buckets: BATCH_SECONDS,
    registers,
  });
  const ages = new Histogram({
    name: 'tallyline_consumer_event_age_seconds',
    help: 'Age of the newest event of a batch when it was committed to the views (compares two clocks)',
    buckets: AGE_SECONDS,
    registers,
  });
  return ({ applied, parked, duplicates, deadLettered, durationMs, newestAtMs }) => {
    events.inc({ result: 'applied' }, applied);
    events.inc({ result: 'duplicate' }, duplicates);
    events.inc({ result: 'dead_lettered' }, deadLettered);
    events.inc({ result: 'parked' }, parked);
    sizes.observe(applied + duplicates + deadLettered + parked);
    durations.observe(durationMs / 1000);
    if (newestAtMs !== undefined) ages.observe(Math.max(0, Date.now() - newestAtMs) / 1000);
  };
}
