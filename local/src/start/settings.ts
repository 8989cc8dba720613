import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import dotenv from 'dotenv';
import { repositoryRoot } from '../servers/schema.js';

export type Variables = Readonly<Record<string, string>>;

export interface Settings {
  /** The settings of the services. The environment overrides `.env`, and `.env` overrides the defaults. */
  readonly variables: Variables;
  readonly defaults: Variables;
  /** Names in `.env` that are not settings of the suite: they are misspelt, or meant for other programs. */
  readonly unknown: readonly string[];
  /** Returns whether the environment or `.env` sets the variable. */
  isSet(name: string): boolean;
}

/** Reads the settings. `.env.example` is the only list of defaults. */
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
  if (value === undefined) throw new Error(`.env.example does not name ${name}: restore the file from the repository`);
  return value;
}

/** Refuses port 0, which means any free port: nobody would know which. Other invalid ports were refused before. */
export function requiredPort(variables: Variables, name: string): number {
  const port = Number(required(variables, name));
  if (port === 0) throw new Error(`${name} must be a port from 1 to 65535, but it is 0`);
  return port;
}
