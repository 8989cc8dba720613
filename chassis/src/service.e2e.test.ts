import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

test('a fault that no retry can mend is the last thing that a service says, whatever is still being started', () => {
  const program = `
    import { runService } from ${JSON.stringify(new URL('../dist/service.js', import.meta.url).href)};
    import { z } from 'zod';
    const settings = z.object({ LOG_LEVEL: z.string(), LOG_FORMAT: z.enum(['json', 'pretty']) });
    await runService('a-service', { LOG_LEVEL: 'info', LOG_FORMAT: 'json' }, settings, async ({ log, fatal }) => {
      log.info('starting');
      fatal(new Error('the broker holds another topology'));
      log.info('a-service listens');
      return [];
    });`;
  const cwd = fileURLToPath(new URL('..', import.meta.url));
  const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '--eval', program], { cwd });
  const messages = String(stdout)
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).msg);
  expect([status, messages]).toEqual([1, ['starting', 'the broker holds another topology']]);
});
