import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { eventually } from '../testing/eventually.js';
import { temporaryDir } from '../testing/temporary-dir.js';
import { startTimeOf } from './process-identity.js';
import { recordRun, stopLeftovers } from './run-records.js';
import { type ServerProcess, startServerProcess } from './server-process.js';

let dir: string;

beforeAll(async () => {
  dir = await temporaryDir();
});

afterAll(() => rm(dir, { recursive: true, force: true }));

function startIdle(runDir: string, stage: number, name: string, script: string): Promise<ServerProcess> {
  return startServerProcess({
    name,
    command: process.execPath,
    args: ['-e', `${script}; setInterval(() => {}, 1000)`],
    env: {},
    output: { file: join(dir, `${name}.log`) },
    stopSignal: 'SIGTERM',
    stopTimeoutMs: 300,
    runDir,
    stage,
  });
}

test('stops the processes that a killed run left, stage by stage, and kills one that ignores the stop signal', async () => {
  const runDir = join(dir, 'order');
  const database = await startIdle(runDir, 3, 'database', '');
  const service = await startIdle(runDir, 1, 'service', 'process.on("SIGTERM", () => {}); console.log("deaf")');
  await eventually(async () => expect(await readFile(join(dir, 'service.log'), 'utf8')).toBe('deaf\n'));
  const databaseEnd = database.ended.then((how) => ({ how, service: startTimeOf(service.pid) }));
  expect(await stopLeftovers(runDir)).toEqual(['service', 'database']);
  expect(await service.ended).toBe('SIGKILL');
  expect(await databaseEnd).toEqual({ how: 'SIGTERM', service: undefined });
  expect(await stopLeftovers(runDir)).toEqual([]);
});

test('does not stop a process that has the pid of a recorded one but started at another time', async () => {
  const runDir = join(dir, 'reused');
  const bystander = await startIdle(join(dir, 'elsewhere'), 1, 'bystander', '');
  recordRun(runDir, { name: 'former', stage: 1, pid: bystander.pid, stopTimeoutMs: 0 }, 'another time');
  expect(await stopLeftovers(runDir)).toEqual([]);
  expect(bystander.hasEnded()).toBe(false);
  await bystander.kill();
});
