import { spawn } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { NamedTest } from './mutant.js';

/** The outcome of each named test. A test that could not run has no outcome: its failure does not catch the bug. */
export type Outcomes = ReadonlyMap<string, 'passed' | 'failed'>;

/** Runs tests of the copied checkout against the servers that this process started. */
export async function runTests(dir: string, tests: readonly NamedTest[], signal: AbortSignal): Promise<Outcomes> {
  const report = join(dir, '.test-report.json');
  await rm(report, { force: true });
  const noServers = join(dir, 'tests', 'mutants', 'servers-run-already.mjs');
  const { output } = await runNode(
    dir,
    [
      '--experimental-vm-modules',
      '--no-warnings',
      'node_modules/jest/bin/jest.js',
      `--globalSetup=${noServers}`,
      `--globalTeardown=${noServers}`,
      `--cacheDirectory=${join(dir, '.test-cache')}`,
      '--json',
      `--outputFile=${report}`,
      `--testNamePattern=^(${tests.map(({ name }) => name.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|')})$`,
      '--runTestsByPath',
      ...new Set(tests.map(({ file }) => file)),
    ],
    signal,
  );
  const text = await readFile(report, 'utf8').catch(() => undefined);
  if (text === undefined) throw new Error(`the tests did not run:\n${output.slice(-3_000)}`);
  const { testResults } = JSON.parse(text) as {
    testResults: { message: string; assertionResults: { fullName: string; status: string }[] }[];
  };
  const outcomes = new Map<string, 'passed' | 'failed'>();
  for (const { fullName, status } of testResults.flatMap(({ assertionResults }) => assertionResults)) {
    if (status === 'passed' || status === 'failed') outcomes.set(fullName, status);
  }
  const missing = tests.find(({ name }) => !outcomes.has(name));
  if (missing)
    throw new Error(`"${missing.name}" did not run:\n${testResults.map(({ message }) => message).join('\n')}`);
  return outcomes;
}

/** Compiles the copy with its bug. Throws if the compiler finds the bug, because such a bug needs no test. */
export async function compile(dir: string, parts: readonly string[], signal: AbortSignal): Promise<void> {
  const { code, output } = await runNode(dir, ['node_modules/typescript/bin/tsc', '-b', ...parts], signal);
  if (code !== 0) throw new Error(`it does not compile:\n${output.slice(-3_000)}`);
}

function runNode(cwd: string, args: readonly string[], signal: AbortSignal) {
  signal.throwIfAborted();
  return new Promise<{ code: number | null; output: string }>((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], signal });
    let output = '';
    const add = (chunk: Buffer) => {
      output += chunk;
    };
    child.stdout.on('data', add);
    child.stderr.on('data', add);
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
  });
}
