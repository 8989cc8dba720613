/** Looks for Chromium at CHROMIUM_PATH and in the usual places. If there is none, root installs Debian's package. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

const candidates = [
  process.env.CHROMIUM_PATH,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];
const find = () => candidates.find((path) => path && existsSync(path));

if (find() === undefined) {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) {
    process.stderr.write(
      'Chromium was not found. Install it (apt-get install chromium), or set CHROMIUM_PATH to it.\n',
    );
    process.exit(1);
  }
  process.stdout.write('Installing chromium with apt-get. This is done once and takes about a minute …\n');
  const options = {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  };
  execFileSync('apt-get', ['-qq', 'update'], options);
  execFileSync(
    'apt-get',
    ['-qq', 'install', '--yes', '--no-install-recommends', 'chromium', 'fonts-dejavu-core'],
    options,
  );
}
