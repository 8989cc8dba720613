import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';

const root = new URL('../', import.meta.url);
const textOf = (path: string) => readFileSync(new URL(path, root), 'utf8');
const workflows = readdirSync(new URL('.github/workflows/', root)).map(
  (name) => [name, textOf(`.github/workflows/${name}`)] as const,
);
const linesOf = (text: string, pattern: RegExp) => text.split('\n').filter((line) => pattern.test(line));

describe.each(workflows)('%s', (_name, text) => {
  test('pins every action to a full commit SHA, with its version in a comment', () => {
    const uses = linesOf(text, /\buses:/);
    expect(uses.length).toBeGreaterThan(0);
    expect(uses.filter((line) => !/ uses: [\w-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(line))).toEqual([]);
  });

  test('may only read the repository', () => {
    expect(text).toMatch(/^permissions:\n {2}contents: read\n(?! {2})/m);
    expect(linesOf(text, /\bpermissions:/)).toHaveLength(1);
  });

  test('keeps no token in a checkout', () => {
    expect(linesOf(text, /persist-credentials: false/)).toHaveLength(linesOf(text, /actions\/checkout@/).length);
  });

  test('limits the time of every job', () => {
    expect(linesOf(text, /timeout-minutes: \d+/)).toHaveLength(linesOf(text, /runs-on:/).length);
  });

  test('runs only npm scripts that exist', () => {
    const { scripts } = JSON.parse(textOf('package.json'));
    const names = [...text.matchAll(/\bnpm run ([\w:-]+)/g)].map(([, name]) => name);
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(names));
  });
});

test('each version of an action has one SHA in all workflows', () => {
  const uses = workflows.flatMap(([, text]) => linesOf(text, /\buses:/).map((line) => line.replace(/.*uses: /, '')));
  const actions = new Set(uses.map((use) => use.replace(/@.*/, '')));
  expect(new Set(uses).size).toBe(actions.size);
});

test('the nightly run replaces the PostgreSQL image that the tests use', () => {
  const [, replaced = 'nothing'] = /sed -i "s\/('postgres:\d+')\//.exec(textOf('.github/workflows/nightly.yml')) ?? [];
  expect(textOf('local/src/servers/images.ts')).toContain(replaced);
});

test('every package has the version of the newest entry in CHANGELOG.md', () => {
  const [, newest] = /^## \[(\d+\.\d+\.\d+)\] - \d{4}-\d\d-\d\d$/m.exec(textOf('CHANGELOG.md')) ?? [];
  const { version, workspaces } = JSON.parse(textOf('package.json'));
  expect(version).toBe(newest);
  for (const workspace of workspaces) {
    const manifest = JSON.parse(textOf(`${workspace}/package.json`));
    const own = Object.entries(manifest.dependencies ?? {}).filter(([name]) => name.startsWith('@tallyline/'));
    expect([workspace, manifest.version, ...own.map(([, wanted]) => wanted)]).toEqual([
      workspace,
      newest,
      ...own.map(() => newest),
    ]);
  }
});
