import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

/** Runs a service of this source in a process of its own, and answers how it ended and its log lines. */
function runService(start: string) {
  const program = `
    import { runService } from ${JSON.stringify(new URL('../dist/service.js', import.meta.url).href)};
    import { z } from 'zod';
    const settings = z.object({ LOG_LEVEL: z.string(), LOG_FORMAT: z.enum(['json', 'pretty']) });
    const env = { LOG_LEVEL: 'info', LOG_FORMAT: 'json' };
    await runService('a-service', env, settings, async ({ log, fatal }) => { ${start} return []; });`;
  const cwd = fileURLToPath(new URL('..', import.meta.url));
  const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], { cwd });
  return { status, lines: String(stdout).trim().split('\n') };
}

test('a fault that no retry can mend is the last thing that a service says, whatever is still being started', () => {
  const { status, lines } = runService(`
    log.info('starting');
    fatal(new Error('the broker holds another topology'));
    log.info('a-service listens');`);
  const messages = lines.map((line) => JSON.parse(line).msg);
  expect([status, messages]).toEqual([1, ['starting', 'the broker holds another topology']]);
});

test('a password in a connection string reaches no log line: not by a message, a stack or a cause', () => {
  const { lines } = runService(`
    const refused = new Error('connect to postgres://shop:gehe1m@db:5432/x refused');
    log.error({ err: new Error('amqp://shop:gehe1m@broker is away', { cause: refused }) }, 'cannot start');
    process.exit(0);`);
  expect(lines.join()).toContain('postgres://shop:***@db:5432/x refused');
  expect(lines.join()).not.toContain('gehe1m');
});
