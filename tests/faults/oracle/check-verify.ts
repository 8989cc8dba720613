import { join } from 'node:path';
import { repositoryRoot } from '@tallyline/local/servers/schema';
import { runBuiltCommand } from '../world/run-built-command.js';
import type { Check } from './judge.js';

const main = join(repositoryRoot, 'operations/dist/verify.main.js');
const SHOWN = 5;

/** Checks that `npm run verify`, which has its own SQL, finds the views equal. */
export const checkVerify: Check = async ({ world }) => {
  const variables = { WRITE_DATABASE_URL: world.writeUrl, READ_DATABASE_URL: world.readUrl };
  const { code, output } = await runBuiltCommand(main, [], variables);
  const lines = output.split('\n').slice(0, SHOWN);
  return code === 0 ? [] : lines.map((line) => `npm run verify: ${line}`);
};
