import assert from 'node:assert/strict';
import { eventually } from '@tallyline/local/testing/eventually';
import { type ComposeProject, compose, containers } from './compose-project.js';
import * as containment from './containment.js';
import { placeOrders, read, type Shop, stockTheShop, withTraffic } from './shop.js';
import { viewsEqualTheOrders } from './views.js';

/** If `run` returns a string, it is printed beside the name. */
export type Check = readonly [name: string, run: () => Promise<unknown>];

const SERVICES = ['command-service', 'consumer-service', 'query-service'];

/** Returns the checks in order: each continues with the project as the one before left it. */
export function scenario(project: ComposeProject, shop: Shop): Check[] {
  const run = (...args: string[]) => compose(project, ...args);
  const ids = async () => (await run('ps', '--all', '--quiet', '--no-trunc')).split('\n').sort();
  const equal = async () => `${await viewsEqualTheOrders(project, shop)} orders in every view`;
  return [
    ['a copied .env.example changes nothing', () => containment.copiedEnvExampleChangesNothing(project)],
    [
      'the suite builds, starts and becomes healthy',
      async () => {
        await run('up', '-d', '--build', '--wait');
      },
    ],
    [
      'containers run without root and capabilities, on a read-only root folder',
      () => containment.everyContainerIsConfined(project),
    ],
    ['ports listen on loopback only', () => containment.everyPortIsOnLoopback(project)],
    ['query-service cannot reach the write side', () => containment.queryServiceCannotReachTheWriteSide(project)],
    ['each service names its health checks', () => healthNamesItsChecks(project, shop)],
    ['the management page shows the queues to guest', () => managementShowsTheQueues(shop)],
    [
      'orders reach every view',
      async () => {
        await stockTheShop(shop);
        await placeOrders(shop, 100);
        return equal();
      },
    ],
    [
      'orders are accepted and the lag grows while the broker is down; all arrive when it is back',
      async () => {
        await run('kill', 'rabbitmq');
        await placeOrders(shop, 40);
        const early = await eventually(() => outOfSync(shop));
        await eventually(async () => assert.ok((await outOfSync(shop)) > early + 1, 'the lag does not grow'));
        await run('up', '-d', '--wait');
        return equal();
      },
    ],
    [
      'orders are accepted while the read database is killed, and reach every view',
      async () => {
        const { accepted, failed } = await withTraffic(shop, async () => {
          await run('kill', 'read-db');
          await run('up', '-d', '--wait');
        });
        assert.ok(accepted > 0 && failed === 0, `${accepted} accepted, ${failed} failed: orders need no read side`);
        return equal();
      },
    ],
    [
      'orders reach every view after the write database was restarted under traffic',
      async () => {
        const traffic = await withTraffic(shop, async () => {
          await run('restart', 'write-db');
          await run('up', '-d', '--wait');
        });
        return `${await equal()}, ${traffic.failed} refused meanwhile`;
      },
    ],
    [
      'orders reach every view with three consumers',
      async () => {
        await run('up', '-d', '--wait', '--scale', 'consumer-service=3');
        await placeOrders(shop, 300);
        const healthy = (await containers(project)).filter(
          (c) => c.service === 'consumer-service' && c.health === 'healthy',
        );
        assert.equal(healthy.length, 3);
        return equal();
      },
    ],
    [
      'orders reach every view after every consumer and command-service were killed under traffic',
      async () => {
        await withTraffic(shop, async () => {
          await run('kill', 'consumer-service', 'command-service');
          await run('up', '-d', '--wait', '--scale', 'consumer-service=3');
        });
        return equal();
      },
    ],
    [
      'the suite stops cleanly, keeps its data and starts again',
      async () => {
        await run('stop');
        const unclean = (await containers(project)).filter((c) => SERVICES.includes(c.service) && c.exitCode !== 0);
        assert.deepEqual(unclean, [], 'services end with 0 when asked to stop');
        await run('down');
        await run('up', '-d', '--wait');
        await placeOrders(shop, 20);
        return equal();
      },
    ],
    [
      "the operators' commands run in a container beside the databases",
      async () => {
        const verified = await run('run', '--rm', '-T', '--build', 'tools', 'verify');
        assert.match(verified, /Equal to the cent/);
        await run('run', '--rm', '-T', 'tools', 'rebuild');
        await run('run', '--rm', '-T', 'tools', 'archive', '--', 'verify');
        assert.match(await run('run', '--rm', '-T', 'tools', 'dead-letters', '--', 'list'), /No dead letters/);
        return verified.trim();
      },
    ],
    [
      "the operators' commands start and stop no other container, whatever the shell sets",
      async () => {
        await run('stop', 'query-service');
        const before = await ids();
        const environment = {
          ...project.environment,
          RABBITMQ_MANAGEMENT_PORT: '9',
          LOG_LEVEL: 'debug',
          SHOP_TIME_ZONE: 'Asia/Tokyo',
        };
        await compose({ ...project, environment }, 'run', '--rm', '-T', 'tools', 'verify');
        assert.deepEqual(await ids(), before);
        const query = (await containers(project)).find(({ service }) => service === 'query-service');
        assert.equal(query?.state, 'exited');
      },
    ],
  ];
}

interface SyncStatus {
  readonly status: string;
  readonly lagSeconds: number;
}

/** Returns the lag in seconds; throws if sync-status says that the suite is in sync. */
async function outOfSync({ queryUrl }: Shop): Promise<number> {
  const { status, lagSeconds } = await read<SyncStatus>(`${queryUrl}/api/analytics/sync-status`);
  assert.notEqual(status, 'in-sync');
  return lagSeconds;
}

interface Health {
  readonly checks: Record<string, unknown>;
}

async function healthNamesItsChecks(project: ComposeProject, shop: Shop): Promise<string> {
  const ask = "fetch('http://127.0.0.1:8082/health').then((r) => r.text()).then(console.log)";
  const consumer: Health = JSON.parse(await compose(project, 'exec', '-T', 'consumer-service', 'node', '-e', ask));
  const command = await read<Health>(`${shop.commandUrl}/health`);
  const query = await read<Health>(`${shop.queryUrl}/health`);
  for (const { checks } of [command, query, consumer]) assert.notDeepEqual(checks, {});
  return [command, query, consumer].flatMap(({ checks }) => Object.keys(checks)).join(', ');
}

async function managementShowsTheQueues({ managementUrl }: Shop): Promise<void> {
  const authorization = `Basic ${Buffer.from('guest:guest').toString('base64')}`;
  const response = await fetch(`${managementUrl}/api/queues`, { headers: { authorization } });
  assert.equal(response.status, 200);
  const names = ((await response.json()) as { name: string }[]).map(({ name }) => name);
  for (const name of ['product-events', 'order-events']) assert.ok(names.includes(name), `queues: ${names.join(' ')}`);
  assert.equal((await fetch(managementUrl)).status, 200, 'the management page');
}
