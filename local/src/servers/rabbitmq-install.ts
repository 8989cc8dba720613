import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

const POLICY = '/usr/sbin/policy-rc.d';
const APT = ['-o', 'DPkg::Lock::Timeout=120', '-qq'];

export async function canInstallRabbitmq(): Promise<boolean> {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return false;
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  return /^ID(_LIKE)?=.*\b(debian|ubuntu)\b/m.test(release);
}

/** Debian starts and enables what it installs; the system's own broker would take port 5672 from ours. */
export async function installRabbitmq(say: (line: string) => void): Promise<void> {
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
