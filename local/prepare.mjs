/**
 * Prepares a clone: installs and builds if that is needed, and lints with --lint. It is JavaScript without dependencies,
 * because it runs before they are installed.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const OLDEST_NODE = [20, 19];
/** An install over a slow connection takes minutes. An older lock was left by a run that was killed. */
const LOCK_EXPIRES_MS = 10 * 60_000;
const LOCK_CHECK_INTERVAL_MS = 200;
const SILENT_CHECKS = 5;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const lock = join(root, '.data', 'prepare.lock');

function say(line) {
  process.stdout.write(`${line}\n`);
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const isSupported = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]);
  const wanted = `Node.js ${OLDEST_NODE.join('.')} or later`;
  if (!isSupported) fail(`Tallyline needs ${wanted}, and this is Node.js ${process.versions.node}. Install ${wanted}.`);
}

function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Compares the lock file with npm's list of installed packages, which npm writes at the end of an install. */
function isInstalled() {
  const installed = readJson(join(root, 'node_modules', '.package-lock.json'))?.packages;
  if (installed === undefined) return false;
  const wanted = Object.entries(readJson(join(root, 'package-lock.json'))?.packages ?? {});
  return wanted
    .filter(([path]) => path.startsWith('node_modules/'))
    .every(([path, { version, optional, peer }]) => {
      const found = installed[path];
      return found === undefined ? Boolean(optional || peer) : found.version === version;
    });
}

function run(command, args, failure) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (error !== undefined) fail(`${failure}: ${error.message}`);
  if (status !== 0) fail(failure);
}

/** Runs no install scripts. The only one that is needed makes links, and postgres-files.ts makes them instead. */
function install() {
  say('Installing the dependencies (npm ci) …');
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const npm = process.env.npm_execpath;
  const [command, first] = npm?.endsWith('.js') ? [process.execPath, [npm]] : ['npm', []];
  run(command, [...first, ...args], 'npm ci failed. Its output above says why.');
}

function build() {
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { stdout } = spawnSync(process.execPath, [tsc, '-b', '--dry'], { cwd: root, encoding: 'utf8' });
  if (!/non-dry/.test(stdout)) return;
  say('Building …');
  run(process.execPath, [tsc, '-b'], 'The build failed. The output above says where.');
}

function lint() {
  say('Linting …');
  const biome = join(root, 'node_modules', '@biomejs', 'biome', 'bin', 'biome');
  run(
    process.execPath,
    [biome, 'check', '--log-level=warn', '.'],
    'Lint failed; the output above says where. npm run format fixes what it can.',
  );
}

function isHeld() {
  try {
    process.kill(Number(readFileSync(lock, 'utf8')), 0);
    return Date.now() - statSync(lock).mtimeMs < LOCK_EXPIRES_MS;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Prevents two installs into the same folder, which `npm start` and `npm test` would do in a fresh clone. */
function takeLock() {
  mkdirSync(dirname(lock), { recursive: true });
  for (let checks = 0; ; checks++) {
    try {
      writeFileSync(lock, `${process.pid}`, { flag: 'wx' });
      process.once('exit', () => rmSync(lock, { force: true }));
      return;
    } catch {
      if (!isHeld()) rmSync(lock, { force: true });
      if (checks === SILENT_CHECKS) say('Waiting for another install or build in this clone …');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOCK_CHECK_INTERVAL_MS);
    }
  }
}

requireNode();
takeLock();
if (!isInstalled()) install();
build();
if (process.argv.includes('--lint')) lint();
