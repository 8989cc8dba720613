import { startHeartbeat } from '@tallyline/chassis/heartbeats/heartbeat';
import { sessionName } from '@tallyline/chassis/heartbeats/older-services';
import { CheckFailed } from '@tallyline/chassis/http/health';
import { listen } from '@tallyline/chassis/http/server';
import { createPool, type Tx } from '@tallyline/chassis/postgres/pool';
import { startPruning } from '@tallyline/chassis/postgres/pruning';
import { storageCheck } from '@tallyline/chassis/postgres/storage-check.sql';
import { createMetrics, observePool } from '@tallyline/chassis/process/metrics';
import { runService } from '@tallyline/chassis/process/service';
import { ownVersion } from '@tallyline/chassis/process/version';
import { environment } from '@tallyline/contracts/environment';
import { METRIC_PREFIX } from '@tallyline/contracts/suite';
import { writtenVersionsOf } from '@tallyline/contracts/written-versions';
import { buildApp } from './app.js';
import { storeResults } from './idempotency/idempotency.sql.js';
import { pruneIdempotencyKeys } from './idempotency/prune-idempotency-keys.sql.js';
import { createServiceMetrics } from './metrics.js';
import { insertOrders } from './orders/orders.sql.js';
import { pruneOutbox } from './outbox/prune-outbox.sql.js';
import { startOutbox } from './outbox/start-outbox.js';
import { productsStatement } from './products/products.sql.js';
import { purchaseStatements } from './purchases/purchases.sql.js';

const settings = environment.pick({
  WRITE_DATABASE_URL: true,
  BROKER_URL: true,
  BIND_ADDR: true,
  COMMAND_SERVICE_PORT: true,
  OUTBOX_POLL_INTERVAL_MS: true,
  EVENT_VERSIONS: true,
  OUTBOX_RETENTION_DAYS: true,
  IDEMPOTENCY_RETENTION_HOURS: true,
  LOG_LEVEL: true,
  LOG_FORMAT: true,
});

await runService('command-service', process.env, settings, async ({ config, log }) => {
  const pool = createPool({
    url: config.WRITE_DATABASE_URL,
    applicationName: sessionName('command-service', ownVersion),
    maxConnections: 10,
    statementTimeoutMs: 5_000,
    log,
  });
  // The relay needs its own pool: its transactions wait for confirms, and must not take the connections of requests.
  const relayPool = createPool({
    url: config.WRITE_DATABASE_URL,
    applicationName: sessionName('command-service relay', ownVersion),
    maxConnections: 5,
    statementTimeoutMs: 5_000,
    log,
  });
  const heartbeat = await startHeartbeat({ pool: relayPool, log, service: 'command-service' });
  const metrics = createMetrics('command-service', METRIC_PREFIX);
  observePool(metrics, pool, METRIC_PREFIX);
  const serviceMetrics = createServiceMetrics(metrics);
  const outbox = startOutbox({
    pool: relayPool,
    log,
    brokerUrl: config.BROKER_URL,
    pollIntervalMs: config.OUTBOX_POLL_INTERVAL_MS,
    versions: writtenVersionsOf(config.EVENT_VERSIONS),
    metrics: serviceMetrics,
  });
  const pruned = {
    outbox: (tx: Tx) => pruneOutbox(tx, config.OUTBOX_RETENTION_DAYS),
    'idempotency keys': (tx: Tx) => pruneIdempotencyKeys(tx, config.IDEMPOTENCY_RETENTION_HOURS),
  };
  const prunings = Object.entries(pruned).map(([name, prune]) => startPruning({ name, pool: relayPool, log, prune }));
  const checkBroker = async () => {
    const trouble = outbox.trouble();
    if (trouble !== undefined) throw new CheckFailed(trouble);
  };
  const stored = [insertOrders([], []), storeResults('', []), productsStatement, ...purchaseStatements];
  const app = buildApp({
    database: outbox.writeDatabase(pool),
    log,
    metrics,
    health: { required: { writeDatabase: storageCheck(pool, stored) }, informative: { broker: checkBroker } },
    serviceMetrics,
  });
  const server = await listen(app, config.BIND_ADDR, config.COMMAND_SERVICE_PORT);
  log.info({ port: server.port }, 'command-service listens');
  return [
    ['http', server.stop],
    ['outbox', outbox.stop],
    ['pruning', () => Promise.all(prunings.map((pruning) => pruning.stop()))],
    ['heartbeat', heartbeat.stop],
    ['database', () => Promise.all([pool.end(), relayPool.end()])],
  ];
});
