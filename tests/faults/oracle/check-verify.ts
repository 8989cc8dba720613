import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from '@tallyline/local/servers/schema';
import type { Check } from './judge.js';

const main = join(repositoryRoot, 'operations/dist/verify.main.js');

/** Checks that `npm run verify`, which has its own SQL, finds the views equal. */
export const checkVerify: Check = ({ world }) => {
  const env = { PATH: process.env.PATH, WRITE_DATABASE_URL: world.writeUrl, READ_DATABASE_URL: world.readUrl };
  return new Promise((resolve) => {
    execFile(process.execPath, [main], { cwd: tmpdir(), env }, (error, stdout, stderr) => {
      const lines = `${stdout}${stderr}`.trim().split('\n').slice(0, 5);
      resolve(error === null ? [] : lines.map((line) => `npm run verify: ${line}`));
    });
  });
};
