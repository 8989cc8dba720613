import { execFile } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { basename, delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** The command on the PATH of Debian and Fedora is a wrapper that changes to a system user. This is the script behind it. */
const BEHIND_THE_WRAPPER = '/usr/lib/rabbitmq/bin/rabbitmq-server';
const WRAPPER = 'rabbitmq-script-wrapper';
const MORE_FOLDERS = ['/opt/homebrew/sbin', '/usr/local/sbin', '/usr/sbin'];

export function findRabbitmqServer(): string | undefined {
  if (existsSync(BEHIND_THE_WRAPPER)) return BEHIND_THE_WRAPPER;
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...MORE_FOLDERS];
  const found = folders.map((folder) => join(folder, 'rabbitmq-server')).filter((path) => existsSync(path));
  return found.find((path) => basename(realpathSync(path)) !== WRAPPER);
}

const POLICY = '/usr/sbin/policy-rc.d';
const APT = ['-o', 'DPkg::Lock::Timeout=120', '-qq'];

/** Installs rabbitmq-server if it is missing and we may install it. Returns whether it is there afterwards. */
export async function installRabbitmqIfMissing(say: (line: string) => void): Promise<boolean> {
  if (findRabbitmqServer() === undefined && (await canInstall())) await install(say);
  return findRabbitmqServer() !== undefined;
}

async function canInstall(): Promise<boolean> {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return false;
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(release);
}

/** Debian starts and enables the services that it installs. We prevent that, because that broker would use port 5672. */
async function install(say: (line: string) => void): Promise<void> {
  say('Installing rabbitmq-server with apt-get (once, about 20 s) …');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const forbidsStart = existsSync(POLICY);
  if (!forbidsStart) await writeFile(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    await run('apt-get', [...APT, 'update'], { env }).catch(() => undefined);
    await run('apt-get', [...APT, 'install', '--yes', '--no-install-recommends', 'rabbitmq-server'], { env });
  } finally {
    if (!forbidsStart) await rm(POLICY, { force: true });
  }
  await run('systemctl', ['disable', 'rabbitmq-server']).catch(() => undefined);
}
