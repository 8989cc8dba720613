import { spawnSync } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { repositoryRoot } from '@tallyline/local/schema';
import { temporaryDir } from '@tallyline/local/temporary-dir';
import { applyMutant, copyTree } from './copy-tree.js';
import { type Mutant, mutants } from './mutants.js';

const { values } = parseArgs({
  options: { only: { type: 'string', default: '' }, seed: { type: 'string', default: '7' } },
});
const say = (line: string) => process.stdout.write(`${line}\n`);

const JEST = ['--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js'];

/** Builds the mutant and runs who must notice. Answers the line that says it did, or undefined when nobody did. */
function noticed(copy: string, { caughtBy }: Mutant): string | undefined {
  const node = (args: readonly string[]) => spawnSync(process.execPath, args, { cwd: copy, encoding: 'utf8' });
  const built = node(['node_modules/typescript/bin/tsc', '-b', 'tests/faults', 'command-service', 'consumer-service']);
  if (built.status !== 0) throw new Error(`the mutant does not compile:\n${built.stdout}`);
  const [args, sign] =
    'fault' in caughtBy
      ? [['tests/faults/dist/run.js', '--seed', values.seed, '--only', caughtBy.fault], /^ {5}- (.*)$/m]
      : [[...JEST, caughtBy.test], /● (.*)$/m];
  const { status, stdout, stderr } = node(args);
  if (status === 0) return undefined;
  const line = sign.exec(stdout + stderr)?.[1];
  if (line === undefined) throw new Error(`it failed without a verdict:\n${(stdout + stderr).slice(-1000)}`);
  return line.slice(0, 150);
}

const dir = await temporaryDir();
const copy = join(dir, 'copy');
let survivors = 0;
try {
  await copyTree(repositoryRoot, copy);
  for (const mutant of mutants.filter(({ name }) => name.includes(values.only))) {
    const undo = await applyMutant(copy, mutant);
    const line = noticed(copy, mutant);
    await undo();
    if (line === undefined) survivors += 1;
    const by = 'fault' in mutant.caughtBy ? `fault ${mutant.caughtBy.fault}` : `test ${mutant.caughtBy.test}`;
    say(`${line === undefined ? 'SURVIVED' : 'caught  '} ${mutant.name.padEnd(40)} by ${by}`);
    if (line !== undefined) say(`         ${line}`);
  }
} finally {
  await rm(dir, { recursive: true, force: true });
}
say(survivors === 0 ? 'every mutant is caught' : `${survivors} mutants survived`);
process.exit(survivors === 0 ? 0 : 1);
