import { keepSession } from '@tallyline/chassis/heartbeats/keep-session';
import { sessionName } from '@tallyline/chassis/heartbeats/older-services';
import { databaseCheck } from '@tallyline/chassis/http/health';
import { listen } from '@tallyline/chassis/http/server';
import { createPool, onPool } from '@tallyline/chassis/postgres/pool';
import { createMetrics, observePool } from '@tallyline/chassis/process/metrics';
import { runService } from '@tallyline/chassis/process/service';
import { ownVersion } from '@tallyline/chassis/process/version';
import { environment } from '@tallyline/contracts/environment';
import { METRIC_PREFIX } from '@tallyline/contracts/suite';
import { buildApp } from './app.js';
import { syncFactsStatement } from './lag/sync-status.js';
import { createLive } from './live/live.js';
import { registerLagMetrics } from './metrics.js';

const settings = environment.pick({
  READ_DATABASE_URL: true,
  BIND_ADDR: true,
  QUERY_SERVICE_PORT: true,
  SHOP_TIME_ZONE: true,
  LOG_LEVEL: true,
  LOG_FORMAT: true,
});

await runService('query-service', process.env, settings, async ({ config, log }) => {
  const pool = createPool({
    url: config.READ_DATABASE_URL,
    applicationName: sessionName('query-service', ownVersion),
    maxConnections: 10,
    statementTimeoutMs: 5_000,
    log,
  });
  // The role of query-service may not write heartbeats.
  const stopKeepingSession = keepSession(pool, log);
  const metrics = createMetrics('query-service', METRIC_PREFIX);
  observePool(metrics, pool, METRIC_PREFIX);
  registerLagMetrics(metrics, onPool(pool));
  const live = createLive(onPool(pool), config.SHOP_TIME_ZONE, log);
  const app = buildApp({
    pool,
    log,
    metrics,
    live,
    timeZone: config.SHOP_TIME_ZONE,
    health: { required: { readDatabase: databaseCheck(pool, syncFactsStatement) } },
  });
  const server = await listen(app, config.BIND_ADDR, config.QUERY_SERVICE_PORT);
  log.info({ port: server.port }, 'query-service listens');
  return [
    ['live', live.stop],
    ['http', server.stop],
    ['session', stopKeepingSession],
    ['database', () => pool.end()],
  ];
});
