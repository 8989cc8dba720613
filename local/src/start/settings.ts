import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import dotenv from 'dotenv';
import { repositoryRoot } from '../servers/schema.js';

export type Variables = Readonly<Record<string, string>>;

export interface Settings {
  /** What the services get: the defaults, over them `.env`, over it the environment. */
  readonly variables: Variables;
  readonly defaults: Variables;
  /** Names in `.env` that are no settings of the suite: misspelt, or meant for other programs. */
  readonly unknown: readonly string[];
  /** Whether the person named it, in the environment or in `.env`. */
  isSet(name: string): boolean;
}

/** `.env.example` is the only list of defaults: what it says is what `npm start` does. */
export function readSettings(root = repositoryRoot, environment: NodeJS.ProcessEnv = process.env): Settings {
  const defaults = parseFile(join(root, '.env.example'));
  const set: Record<string, string> = parseFile(join(root, '.env'));
  const unknown = Object.keys(set).filter((name) => !(name in defaults));
  for (const name of Object.keys(defaults)) {
    const value = environment[name];
    if (value !== undefined) set[name] = value;
  }
  // An empty variable counts as unset, as it does for the services.
  const named = Object.fromEntries(Object.entries(set).filter(([, value]) => value.trim() !== ''));
  return { variables: { ...defaults, ...named }, defaults, unknown, isSet: (name) => named[name] !== undefined };
}

function parseFile(file: string): Record<string, string> {
  return existsSync(file) ? dotenv.parse(readFileSync(file)) : {};
}

export function required(variables: Variables, name: string): string {
  const value = variables[name];
  if (value === undefined) throw new Error(`.env.example does not name ${name}`);
  return value;
}

/** What is no port was refused with all other settings; 0, any free one, would leave nobody an address to open. */
export function requiredPort(variables: Variables, name: string): number {
  const port = Number(required(variables, name));
  if (port === 0) throw new Error(`${name} must be a port from 1 to 65535, and is 0`);
  return port;
}
