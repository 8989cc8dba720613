import { freePorts } from '@tallyline/local/free-port';
import { type ComposeProject, compose, takeDown } from './compose-project.js';
import { scenario } from './scenario.js';
import type { Shop } from './shop.js';

const say = (line: string) => process.stdout.write(`${line}\n`);
const seconds = (sinceMs: number) => `${((Date.now() - sinceMs) / 1000).toFixed(1)} s`;

const [command = 0, query = 0, management = 0] = await freePorts(3);
const interruption = new AbortController();
const project: ComposeProject = {
  name: `tallyline-test-${process.pid}-${Date.now().toString(36)}`,
  envFile: '.env.example',
  environment: {
    COMMAND_SERVICE_PORT: `${command}`,
    QUERY_SERVICE_PORT: `${query}`,
    RABBITMQ_MANAGEMENT_PORT: `${management}`,
  },
};
const shop: Shop = {
  commandUrl: `http://127.0.0.1:${command}`,
  queryUrl: `http://127.0.0.1:${query}`,
  managementUrl: `http://127.0.0.1:${management}`,
  productIds: [],
  accepted: new Set(),
};

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (!interruption.signal.aborted) say(`${signal}: taking everything down`);
    interruption.abort(new Error(`interrupted by ${signal}`));
  });
}

say(`project ${project.name}; if this run is killed: docker compose -p ${project.name} down --volumes --rmi local`);
const interrupted = new Promise<never>((_, reject) => {
  interruption.signal.addEventListener('abort', () => reject(interruption.signal.reason));
});
interrupted.catch(() => undefined);

let passed = 0;
let failed = 0;

/** Each check builds on the one before, so the first failure ends the run: the rest would only wait for its deadlines. */
try {
  for (const [name, check] of scenario({ ...project, signal: interruption.signal }, shop)) {
    interruption.signal.throwIfAborted();
    const startedAt = Date.now();
    say(`…  ${name}`);
    try {
      const remark = await Promise.race([check(), interrupted]);
      passed++;
      say(`ok ${name} (${seconds(startedAt)})${typeof remark === 'string' ? `: ${remark}` : ''}`);
    } catch (error) {
      failed++;
      say(
        `FAILED ${name} (${seconds(startedAt)}): ${error instanceof Error ? (interruption.signal.aborted ? error.message : error.stack) : error}`,
      );
      break;
    }
  }
} finally {
  if (failed > 0 && !interruption.signal.aborted) {
    say(await compose(project, 'ps', '--all').catch(String));
    say(await compose(project, 'logs', '--no-color', '--tail', '40').catch(String));
  }
  const startedAt = Date.now();
  await takeDown(project).then(
    () => say(`took everything down (${seconds(startedAt)})`),
    (error) => {
      failed++;
      say(`FAILED to take everything down: ${error}`);
    },
  );
  say(`${passed} passed, ${failed} failed`);
  process.exit(failed > 0 || interruption.signal.aborted ? 1 : 0);
}
