import assert from 'node:assert/strict';
import { type ComposeProject, compose } from './compose-project.js';

/** Checks that a copied .env.example changes nothing: its loopback URLs must not reach the containers. */
export async function copiedEnvExampleChangesNothing(project: ComposeProject): Promise<void> {
  const { name } = project;
  assert.equal(await compose({ name, envFile: '.env.example' }, 'config'), await compose({ name }, 'config'));
}

/** Checks the user, the root folder and the capabilities inside each running container, as the kernel reports them. */
export async function everyContainerIsConfined(project: ComposeProject): Promise<void> {
  for (const service of (await compose(project, 'ps', '--services')).trim().split('\n')) {
    const inside = (script: string) => compose(project, 'exec', '-T', service, 'sh', '-c', script);
    const [uid, root, ...kernel] = (
      await inside(
        'id -u; (: > /written) 2>/dev/null && echo writable || echo read-only; grep -E "^(CapBnd|NoNewPrivs)" /proc/1/status',
      )
    )
      .trim()
      .split(/\s+/);
    assert.notEqual(uid, '0', `${service} runs as root`);
    assert.equal(root, 'read-only', `the root folder of ${service}`);
    assert.deepEqual(kernel, ['CapBnd:', '0'.repeat(16), 'NoNewPrivs:', '1'], `privileges of ${service}`);
  }
}

export async function everyPortIsOnLoopback(project: ComposeProject): Promise<void> {
  const published = (await compose(project, 'ps', '--format', '{{.Service}} {{.Ports}}')).match(/\S+->/g) ?? [];
  assert.equal(published.length, 3, `published: ${published.join(' ')}`);
  for (const port of published) assert.match(port, /^127\.0\.0\.1:/);
}

/** Checks that query-service cannot resolve the host names of the write side. */
export async function queryServiceCannotReachTheWriteSide(project: ComposeProject): Promise<void> {
  const lookUp = `Promise.allSettled(['write-db', 'rabbitmq', 'read-db'].map((name) => require('dns').promises.lookup(name)))
    .then((found) => console.log(found.map(({ status }) => status).join()))`;
  const found = await compose(project, 'exec', '-T', 'query-service', 'node', '-e', lookUp);
  assert.equal(found.trim(), 'rejected,rejected,fulfilled');
}
