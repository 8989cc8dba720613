import { startHeartbeat } from '@tallyline/chassis/heartbeats/heartbeat';
import { sessionName } from '@tallyline/chassis/heartbeats/older-services';
import { buildHttpApp } from '@tallyline/chassis/http/app';
import { CheckFailed } from '@tallyline/chassis/http/health';
import { listen } from '@tallyline/chassis/http/server';
import { createPool } from '@tallyline/chassis/postgres/pool';
import { startPruning } from '@tallyline/chassis/postgres/pruning';
import { storageCheck } from '@tallyline/chassis/postgres/storage-check.sql';
import { createMetrics, observePool } from '@tallyline/chassis/process/metrics';
import { runService } from '@tallyline/chassis/process/service';
import { ownVersion } from '@tallyline/chassis/process/version';
import { environment } from '@tallyline/contracts/environment';
import { METRIC_PREFIX, PROBLEM_TYPES } from '@tallyline/contracts/suite';
import { startArchiveMonths } from './archive/archive-months.js';
import { batchStatements } from './inbox/apply-batch.js';
import { pruneProcessedEvents } from './inbox/retention.sql.js';
import { pruneLedger } from './lag/ledger.sql.js';
import { startReplayRequests } from './lag/request-replay.js';
import { createBatchMetrics } from './metrics.js';
import { startParkedEvents } from './parked-events/apply-parked.js';
import { startProblemReports } from './problems/report-problems.js';
import { oneOfEachCode, writeProblems } from './problems/write-problems.js';
import { views } from './projections/index.js';
import { startPublisherLink } from './subscription/publisher-link.js';
import { startSubscription } from './subscription/subscription.js';
import { filledViews } from './view-history/view-history.sql.js';

const settings = environment.pick({
  READ_DATABASE_URL: true,
  BROKER_URL: true,
  BIND_ADDR: true,
  CONSUMER_SERVICE_PORT: true,
  INBOX_RETENTION_DAYS: true,
  LOG_LEVEL: true,
  LOG_FORMAT: true,
});

const api = {
  problemTypes: PROBLEM_TYPES,
  title: 'consumer-service',
  description: 'Applies events to the views. Its HTTP server answers health checks and metrics only.',
};

await runService('consumer-service', process.env, settings, async ({ config, log }) => {
  const pool = createPool({
    url: config.READ_DATABASE_URL,
    applicationName: sessionName('consumer-service', ownVersion),
    maxConnections: 4,
    statementTimeoutMs: 30_000,
    settings: filledViews(views),
    log,
  });
  const heartbeat = await startHeartbeat({ pool, log, service: 'consumer-service' });
  const metrics = createMetrics('consumer-service', METRIC_PREFIX);
  observePool(metrics, pool, METRIC_PREFIX);
  const archiveMonths = startArchiveMonths(pool, log);
  const publisherLink = startPublisherLink(log, config.BROKER_URL);
  const onBatch = createBatchMetrics(metrics);
  const subscription = startSubscription({ pool, log, brokerUrl: config.BROKER_URL, publisherLink, onBatch });
  const parkedEvents = startParkedEvents({ pool, log, publish: publisherLink.publish, onBatch });
  const problems = () =>
    oneOfEachCode([
      ...subscription.problems(),
      ...writeProblems(parkedEvents.trouble(), 'apply parked events to the read database'),
    ]);
  const problemReports = startProblemReports(pool, log, problems);
  const replayRequests = startReplayRequests(pool, log, subscription.link, publisherLink);
  const days = config.INBOX_RETENTION_DAYS;
  const prunings = [
    startPruning({ name: 'processed events', pool, log, prune: (tx) => pruneProcessedEvents(tx, days) }),
    startPruning({ name: 'event ledger', pool, log, prune: (tx) => pruneLedger(tx, days) }),
  ];
  const subscribed = async () => {
    const { link } = subscription;
    if (link.session() === undefined) throw new CheckFailed(`not subscribed: ${link.trouble()}`);
    if (publisherLink.link.session() === undefined)
      throw new CheckFailed(`no connection for dead letters: ${publisherLink.link.trouble()}`);
  };
  const applying = async () => {
    const [problem] = problems().filter(({ code }) => code.startsWith('views-'));
    if (problem !== undefined) throw new CheckFailed(problem.detail);
  };
  const app = buildHttpApp({
    api,
    log,
    metrics,
    health: { required: { readDatabase: storageCheck(pool, batchStatements()), subscription: subscribed, applying } },
    routes: [],
  });
  const server = await listen(app, config.BIND_ADDR, config.CONSUMER_SERVICE_PORT);
  log.info({ port: server.port }, 'consumer-service listens');
  return [
    ['subscription', subscription.stop],
    // These two stop after the broker links: the end of a link also ends a publish that a blocked broker cannot answer.
    ['parked events', parkedEvents.stop],
    ['replay requests', replayRequests.stop],
    ['problem reports', problemReports.stop],
    ['archive months', archiveMonths.stop],
    ['pruning', () => Promise.all(prunings.map((pruning) => pruning.stop()))],
    ['http', server.stop],
    ['heartbeat', heartbeat.stop],
    ['database', () => pool.end()],
  ];
});
