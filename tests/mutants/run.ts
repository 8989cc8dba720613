import { parseArgs } from 'node:util';
import { type CheckoutCopy, copyCheckout } from '@tallyline/local/testing/copy-checkout';
import { startTestServers } from '@tallyline/local/testing/test-servers';
import { mutants as all } from './bugs/index.js';
import type { Mutant } from './mutant.js';
import { compile, runTests } from './run-tests.js';
import { withChanges } from './with-changes.js';

const USAGE = `npm run faults:mutants -- [--only NAME]... [--list]
Applies one deliberate bug at a time to a copy of this checkout, and shows which test catches it.`;

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: [] },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

interface Verdict {
  readonly mutant: Mutant;
  readonly seconds: number;
  /** The reason why the mutant was not caught. */
  readonly fault?: string;
}

const say = (line: string) => process.stdout.write(`${line}\n`);
const interruption = new AbortController();
const { signal } = interruption;
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => interruption.abort(new Error(`interrupted by ${name}`)));
}

function chosenMutants(): readonly Mutant[] {
  const unknown = values.only.filter((part) => !all.some(({ name }) => name.includes(part)));
  if (unknown.length > 0) throw new Error(`no mutant is called ${unknown.join(', ')}; see --list`);
  return all.filter(({ name }) => values.only.length === 0 || values.only.some((part) => name.includes(part)));
}

/** Throws if one of the tests fails without a bug, because its failure would then prove nothing. */
async function requirePassing(copy: CheckoutCopy, mutants: readonly Mutant[]): Promise<void> {
  const tests = mutants.map(({ caughtBy }) => caughtBy);
  const outcomes = await runTests(copy.dir, tests, signal);
  const failing = [...outcomes].filter(([, outcome]) => outcome === 'failed').map(([name]) => name);
  if (failing.length > 0) throw new Error(`these tests fail without a bug:\n${failing.join('\n')}`);
}

async function judge(copy: CheckoutCopy, mutant: Mutant): Promise<Verdict> {
  const startedAt = performance.now();
  const { changes, caughtBy } = mutant;
  const compiled = changes.filter(({ file }) => file.endsWith('.ts'));
  const parts = [...new Set(compiled.map(({ file }) => file.split('/')[0] ?? ''))];
  const fault = await withChanges(copy, changes, async () => {
    if (parts.length > 0) await compile(copy.dir, parts, signal);
    const outcome = (await runTests(copy.dir, [caughtBy], signal)).get(caughtBy.name);
    return outcome === 'failed' ? undefined : `SURVIVED: "${caughtBy.name}" passes with the bug`;
  }).catch((error: Error) => error.message);
  signal.throwIfAborted();
  return { mutant, seconds: (performance.now() - startedAt) / 1000, ...(fault !== undefined && { fault }) };
}

function showProgress(done: number, of: number, doing: string): void {
  const filled = Math.round((20 * done) / of);
  const bar = `[${'#'.repeat(filled)}${'.'.repeat(20 - filled)}] ${done}/${of} ${doing} …`;
  if (process.stdout.isTTY) process.stdout.write(`\r\x1b[K${bar}`);
}

function show({ mutant, seconds, fault }: Verdict): void {
  if (process.stdout.isTTY) process.stdout.write('\r\x1b[K');
  say(
    `${fault === undefined ? 'caught' : 'FAILED'} ${mutant.name.padEnd(26)} ${seconds.toFixed(1).padStart(5)} s  ${mutant.bug}`,
  );
  say(`       ${fault ?? `by "${mutant.caughtBy.name}" (${mutant.caughtBy.file})`}`);
}

async function check(mutants: readonly Mutant[]): Promise<number> {
  showProgress(0, mutants.length, 'copying the checkout and starting servers');
  const [copy, servers] = await Promise.all([copyCheckout(), startTestServers()]);
  try {
    showProgress(0, mutants.length, 'running the tests without a bug');
    await requirePassing(copy, mutants);
    const verdicts: Verdict[] = [];
    for (const mutant of mutants) {
      showProgress(verdicts.length, mutants.length, mutant.name);
      const verdict = await judge(copy, mutant);
      verdicts.push(verdict);
      show(verdict);
    }
    const caught = verdicts.filter(({ fault }) => fault === undefined).length;
    say(`${caught} of ${mutants.length} mutants caught`);
    return caught === mutants.length ? 0 : 1;
  } finally {
    await Promise.all([copy.remove(), servers.stop()]);
  }
}

if (values.help) say(USAGE);
else if (values.list) for (const { name, bug } of all) say(`${name.padEnd(26)} ${bug}`);
else process.exit(await check(chosenMutants()));
