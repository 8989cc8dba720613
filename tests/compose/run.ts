import { freePorts } from '@tallyline/local/servers/free-port';
import { type ComposeProject, compose, takeDown } from './compose-project.js';
import { pooledScenario } from './pooled-scenario.js';
import { type Check, scenario } from './scenario.js';
import type { Shop } from './shop.js';

const say = (line: string) => process.stdout.write(`${line}\n`);
const seconds = (sinceMs: number) => `${((Date.now() - sinceMs) / 1000).toFixed(1)} s`;

const [command = 0, query = 0, management = 0] = await freePorts(3);
const interruption = new AbortController();
const base = {
  envFile: '.env.example',
  environment: {
    COMMAND_SERVICE_PORT: `${command}`,
    QUERY_SERVICE_PORT: `${query}`,
    RABBITMQ_MANAGEMENT_PORT: `${management}`,
  },
} as const;
const newShop = (): Shop => ({
  commandUrl: `http://127.0.0.1:${command}`,
  queryUrl: `http://127.0.0.1:${query}`,
  managementUrl: `http://127.0.0.1:${management}`,
  productIds: [],
  accepted: new Set(),
});
const runName = `tallyline-test-${process.pid}-${Date.now().toString(36)}`;

/** Each scenario has its own Compose project. */
const scenarios: readonly (readonly [project: ComposeProject, scenario: typeof scenario])[] = [
  [{ ...base, name: runName }, scenario],
  [
    { ...base, name: `${runName}-pooled`, files: ['docker-compose.yml', 'tests/compose/pgbouncer/compose.yml'] },
    pooledScenario,
  ],
];

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (!interruption.signal.aborted) say(`${signal}: removing the containers`);
    interruption.abort(new Error(`interrupted by ${signal}`));
  });
}
const interrupted = new Promise<never>((_, reject) => {
  interruption.signal.addEventListener('abort', () => reject(interruption.signal.reason));
});
interrupted.catch(() => undefined);

let passed = 0;
let failed = 0;

/** Each check continues from the state that the one before left, so the first failure ends the scenario. */
async function runChecks(project: ComposeProject, checks: readonly Check[]): Promise<void> {
  for (const [name, check] of checks) {
    interruption.signal.throwIfAborted();
    const startedAt = Date.now();
    say(`…  ${name}`);
    try {
      const remark = await Promise.race([check(), interrupted]);
      passed++;
      say(`ok ${name} (${seconds(startedAt)})${typeof remark === 'string' ? `: ${remark}` : ''}`);
    } catch (error) {
      failed++;
      const reason = error instanceof Error ? (interruption.signal.aborted ? error.message : error.stack) : error;
      say(`FAILED ${name} (${seconds(startedAt)}): ${reason}`);
      if (interruption.signal.aborted) return;
      say(await compose(project, 'ps', '--all').catch(String));
      say(await compose(project, 'logs', '--no-color', '--tail', '40').catch(String));
      return;
    }
  }
}

async function takeAllDown(project: ComposeProject): Promise<void> {
  const startedAt = Date.now();
  try {
    await takeDown(project);
    say(`removed the containers (${seconds(startedAt)})`);
  } catch (error) {
    failed++;
    say(`FAILED to remove the containers: ${error}`);
  }
}

for (const [project, checksOf] of scenarios) {
  if (interruption.signal.aborted) break;
  say(
    `project ${project.name}; if this run is killed, clean up with: docker compose -p ${project.name} down --volumes --rmi local`,
  );
  try {
    await runChecks(project, checksOf({ ...project, signal: interruption.signal }, newShop()));
  } finally {
    await takeAllDown(project);
  }
}
say(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 || interruption.signal.aborted ? 1 : 0);
