import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';

const root = new URL('../', import.meta.url);
const textOf = (path: string) => readFileSync(new URL(path, root), 'utf8');
const workflows = readdirSync(new URL('.github/workflows/', root)).map(
  (name) => [name, textOf(`.github/workflows/${name}`)] as const,
);
const linesOf = (text: string, pattern: RegExp) => text.split('\n').filter((line) => pattern.test(line));

describe.each(workflows)('%s:', (_name, text) => {
  test('the workflow pins every action to a full commit SHA, with its version in a comment', () => {
    const uses = linesOf(text, /\buses:/);
    expect(uses.length).toBeGreaterThan(0);
    expect(uses.filter((line) => !/ uses: [\w-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(line))).toEqual([]);
  });

  test('the workflow may only read the repository', () => {
    expect(text).toMatch(/^permissions:\n {2}contents: read\n(?! {2})/m);
    expect(linesOf(text, /\bpermissions:/)).toHaveLength(1);
  });

  test('the workflow leaves no access token in a checkout', () => {
    expect(linesOf(text, /persist-credentials: false/)).toHaveLength(linesOf(text, /actions\/checkout@/).length);
  });

  test('the workflow limits the time of every job', () => {
    expect(linesOf(text, /timeout-minutes: \d+/)).toHaveLength(linesOf(text, /runs-on:/).length);
  });

  test('the workflow runs only npm scripts that exist', () => {
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

test('the nightly run finds the PostgreSQL image that it replaces in one file of local/', () => {
  const [, image = 'none'] =
    /grep -rl "('postgres:\d+')" local\/src/.exec(textOf('.github/workflows/nightly.yml')) ?? [];
  const files = readdirSync(new URL('local/src/', root), { recursive: true, encoding: 'utf8' });
  const found = files.filter((file) => file.endsWith('.ts') && textOf(`local/src/${file}`).includes(image));
  expect(found).toHaveLength(1);
});

test('files whose checksums are stored or compared have the same line endings in every clone', () => {
  expect(linesOf(textOf('.gitattributes'), /^[^#]/)).toEqual([
    'contracts/corpus/** -text',
    'migrations/** text eol=lf',
    'init-*.sql text eol=lf',
  ]);
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
