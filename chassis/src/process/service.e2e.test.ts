import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

const cwd = fileURLToPath(new URL('../..', import.meta.url));

/** Arguments for Node.js that run a service with this start function. */
const serviceThat = (start: string) => [
  '--input-type=module',
  '--eval',
  `
    import { runService } from ${JSON.stringify(new URL('../../dist/process/service.js', import.meta.url).href)};
    import { z } from 'zod';
    const settings = z.object({ LOG_LEVEL: z.string(), LOG_FORMAT: z.enum(['json', 'pretty']) });
    const env = { LOG_LEVEL: 'info', LOG_FORMAT: 'json' };
    await runService('a-service', env, settings, async ({ log, fatal }) => { ${start} return []; });`,
];

/** Runs the service in a separate process and returns its exit status and log lines. */
function runService(start: string) {
  const { status, stdout } = spawnSync(process.execPath, serviceThat(start), { cwd });
  return { status, lines: String(stdout).trim().split('\n') };
}

test('logs a fatal fault as the last line while the service is still starting', () => {
  const { status, lines } = runService(`
    log.info('starting');
    fatal(new Error('the broker holds another topology'));
    log.info('a-service listens');`);
  const messages = lines.map((line) => JSON.parse(line).msg);
  expect([status, messages]).toEqual([1, ['starting', 'the broker holds another topology']]);
});

test('logs no password of a connection string, whether it is in a message, a stack or a cause', () => {
  const { lines } = runService(`
    const refused = new Error('connect to postgres://shop:gehe1m@db:5432/x refused');
    log.error({ err: new Error('amqp://shop:gehe1m@broker is away', { cause: refused }) }, 'cannot start');
    process.exit(0);`);
  expect(lines.join()).toContain('postgres://shop:***@db:5432/x refused');
  expect(lines.join()).not.toContain('gehe1m');
});

test('drops log lines beyond 16 MiB while nobody reads, and logs how many were dropped', async () => {
  const start = `
    setTimeout(() => undefined, 60_000);
    const pad = 'a'.repeat(1000);
    for (let line = 0; line < 40_000; line += 1) {
      log.info({ pad }, 'a line');
      if (line % 100 === 0) await new Promise(setImmediate);
    }
    process.stderr.write('logged');`;
  const service = spawn(process.execPath, serviceThat(start), { cwd });
  try {
    await once(service.stderr, 'data');
    const read: { msg: string; lines?: number }[] = [];
    for await (const line of createInterface(service.stdout)) {
      read.push(JSON.parse(line));
      if (read.at(-1)?.lines !== undefined) break;
    }
    const kept = read.filter(({ msg }) => msg === 'a line').length;
    expect(kept).toBeLessThan(17_000);
    expect(read.at(-1)).toMatchObject({
      msg: 'dropped log lines because nobody read them in time',
      lines: 40_000 - kept,
    });
  } finally {
    service.kill('SIGKILL');
  }
});
