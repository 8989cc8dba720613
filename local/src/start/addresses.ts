import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ADDRESSES_FILE } from '@tallyline/chassis/process/config';
import { repositoryRoot } from '../servers/schema.js';
import { ADDRESS_VARIABLES } from './own-ports.js';
import { required, type Variables } from './settings.js';

/**
 * For the commands, while the suite runs: where its servers and services are. Passwords are in it, as they may be in .env.
 * It goes with the run records.
 */
export function writeAddresses(variables: Variables): void {
  const lines = ADDRESS_VARIABLES.map((name) => `${name}='${required(variables, name)}'\n`);
  writeFileSync(join(repositoryRoot, ADDRESSES_FILE), lines.join(''), { mode: 0o600 });
}
