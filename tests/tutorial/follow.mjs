import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Follows docs/tutorial-add-an-event.md in a copy of the checkout: npm run test:tutorial [-- --without-tests]
 *
 * It counts the new files and the registering lines, writes the files and applies the changes that the tutorial shows, generates
 * the documents, compiles, lints, and runs the tests that the tutorial names. The first step that fails ends it with an error.
 */

/** A new event must not need more than this, or adding one has become too much work. Imports are not counted. */
const MAX_NEW_FILES_BESIDE_TESTS = 6;
const MAX_REGISTERING_LINES = 5;

const checkout = fileURLToPath(new URL('../../', import.meta.url));
const tutorial = readFileSync(join(checkout, 'docs', 'tutorial-add-an-event.md'), 'utf8');

/** "Create `path`:" or "Change `path`:", and the code block behind it. */
const steps = [...tutorial.matchAll(/^(Create|Change) `([^`]+)`.*:\n\n```(\w+)\n([\s\S]*?)^```$/gm)];
const tests = /^```sh\n.*jest\.js (.*)$/m.exec(tutorial)?.[1]?.split(' ') ?? [];

checkCounts();
const dir = mkdtempSync(join(tmpdir(), 'tutorial-'));
try {
  copyCheckout();
  for (const [, action, path, language, block] of steps) {
    if (action === 'Create') create(path, block);
    else if (language === 'diff') change(path, block);
    else throw new Error(`the tutorial changes ${path} by a block that is not a diff`);
  }
  process.stdout.write(`${steps.length} files created or changed\n`);
  run('npm', 'run', 'docs');
  run('node_modules/.bin/tsc', '-b');
  run('node_modules/.bin/biome', 'check', '.');
  if (!process.argv.includes('--without-tests'))
    run(process.execPath, '--experimental-vm-modules', '--no-warnings', 'node_modules/jest/bin/jest.js', ...tests);
} finally {
  rmSync(dir, { recursive: true, force: true });
}

/** The counts must be within the limits, and the tutorial must state them. Migrations are counted with their schema files. */
function checkCounts() {
  const isTest = (path) => path.endsWith('.test.ts');
  const isCounted = (path) => !isTest(path) && !path.startsWith('migrations/');
  const newFiles = steps.filter(([, action, path]) => action === 'Create' && isCounted(path)).length;
  const registering = steps.flatMap(([, action, path, , block]) =>
    action === 'Change' && path.endsWith('.ts') && !isTest(path) ? registeringLines(block) : [],
  );
  if (newFiles > MAX_NEW_FILES_BESIDE_TESTS)
    throw new Error(`the tutorial creates ${newFiles} files beside tests, more than ${MAX_NEW_FILES_BESIDE_TESTS}`);
  if (registering.length > MAX_REGISTERING_LINES) {
    const lines = registering.join('\n');
    throw new Error(`the tutorial has more than ${MAX_REGISTERING_LINES} registering lines:\n${lines}`);
  }
  const counts = `${newFiles} new files beside the test and ${registering.length} registering lines`;
  if (!tutorial.includes(counts))
    throw new Error(`the tutorial does not say that it takes ${counts}; correct its counts`);
  process.stdout.write(`${counts}\n`);
}

/** A single added line that is no import registers something in a list. Several added lines in a row are a statement. */
function registeringLines(diff) {
  const added = [...diff.matchAll(/(?:^\+.*\n)+/gm)].map(([lines]) => lines.trimEnd());
  return added.filter((lines) => !lines.includes('\n') && !lines.startsWith('+import '));
}

function copyCheckout() {
  const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: checkout,
  });
  const isThere = (file) => file !== '' && existsSync(join(checkout, file));
  for (const file of files.toString().split('\0').filter(isThere)) cpSync(join(checkout, file), join(dir, file));
  // Our own packages must be those of the copy, so the links to them are made anew.
  const installed = join(checkout, 'node_modules');
  mkdirSync(join(dir, 'node_modules', '@tallyline'), { recursive: true });
  for (const name of readdirSync(installed)) {
    if (name !== '@tallyline') symlinkSync(join(installed, name), join(dir, 'node_modules', name));
  }
  for (const name of readdirSync(join(installed, '@tallyline'))) {
    symlinkSync(readlinkSync(join(installed, '@tallyline', name)), join(dir, 'node_modules', '@tallyline', name));
  }
}

function create(path, text) {
  mkdirSync(join(dir, dirname(path)), { recursive: true });
  writeFileSync(join(dir, path), text, { flag: 'wx' });
}

/** Lines with a space are context, and "…" stands between two parts of a file. */
function change(path, diff) {
  let text = readFileSync(join(dir, path), 'utf8');
  for (const hunk of diff.split(/^ …\n/m)) {
    const lines = hunk.split('\n').slice(0, -1);
    const pick = (sign) => lines.flatMap((line) => (line.startsWith(sign) ? [] : [`${line.slice(1)}\n`])).join('');
    const [before, after] = [pick('+'), pick('-')];
    if (text.split(before).length !== 2) throw new Error(`${path} does not have these lines once:\n${before}`);
    text = text.replace(before, () => after);
  }
  writeFileSync(join(dir, path), text);
}

function run(command, ...args) {
  process.stdout.write(`${[command, ...args].join(' ')}\n`);
  execFileSync(command, args, { cwd: dir, stdio: ['ignore', 'inherit', 'inherit'] });
}
