import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ADDRESSES_FILE } from '@tallyline/chassis/process/config';
import { isPortFree } from '../servers/free-port.js';
import { repositoryRoot } from '../servers/schema.js';
import { SERVICES } from './service-names.js';
import { required, type Settings, type Variables } from './settings.js';

/** The variables with the addresses of the servers and services that `npm start` starts. All are moved together. */
const PORT_VARIABLES = [...SERVICES.map(({ portVariable }) => portVariable), 'RABBITMQ_MANAGEMENT_PORT'] as const;
const URL_VARIABLES = ['WRITE_DATABASE_URL', 'READ_DATABASE_URL', 'BROKER_URL'] as const;

export const ADDRESS_VARIABLES = [...URL_VARIABLES, ...PORT_VARIABLES] as const;

const STEP = 100;
const MOST_STEPS = 20;

/** Adds `offset` to every port that has its default, except those of servers that the user provides (`given`). */
export function movePorts(settings: Settings, given: ReadonlySet<string>, offset: number): Settings {
  const variables = { ...settings.variables };
  const isOwn = (name: string) => !given.has(name) && variables[name] === settings.defaults[name];
  for (const name of PORT_VARIABLES) if (isOwn(name)) variables[name] = `${Number(required(variables, name)) + offset}`;
  for (const name of URL_VARIABLES) {
    if (!isOwn(name)) continue;
    const url = new URL(required(variables, name));
    url.port = `${Number(url.port) + offset}`;
    variables[name] = url.href;
  }
  return { ...settings, variables };
}

export interface ChosenOffset {
  readonly offset: number;
  /** The default ports that are in use, which is the reason for the offset. */
  readonly taken: readonly number[];
}

/** Returns PORT_OFFSET if it is set, else the smallest multiple of 100, usually 0, with which all ports are free. */
export async function chooseOffset(settings: Settings, given: ReadonlySet<string>): Promise<ChosenOffset> {
  const wanted = Number(required(settings.variables, 'PORT_OFFSET'));
  if (wanted !== 0) return { offset: wanted, taken: [] };
  const taken = await takenPorts(settings, given, 0);
  for (let step = 0; step <= MOST_STEPS; step += 1) {
    if ((await takenPorts(settings, given, step * STEP)).length === 0) return { offset: step * STEP, taken };
  }
  return { offset: 0, taken: [] };
}

async function takenPorts(settings: Settings, given: ReadonlySet<string>, offset: number): Promise<number[]> {
  const { variables } = movePorts(settings, given, offset);
  const isOwn = (name: string) => !given.has(name) && settings.variables[name] === settings.defaults[name];
  const ports = ADDRESS_VARIABLES.filter(isOwn).map((name) => {
    const value = required(variables, name);
    return { port: Number(URL.canParse(value) ? new URL(value).port : value), name };
  });
  const looks = ports.map(async ({ port, name }) => {
    const host = SERVICES.some(({ portVariable }) => portVariable === name)
      ? required(variables, 'BIND_ADDR')
      : '127.0.0.1';
    // refuseTakenPorts reports a BIND_ADDR that is not an address of this machine.
    return (await isPortFree(port, host).catch(() => true)) ? [] : [port];
  });
  return (await Promise.all(looks)).flat();
}

export interface WantedPort {
  readonly port: number;
  readonly host: string;
  readonly usedBy: string;
  /** Advice for the user, as an alternative to stopping the program that listens there. */
  readonly remedy: string;
}

/** Throws an error that names every taken port, if there is one. */
export async function refuseTakenPorts(wanted: readonly WantedPort[]): Promise<void> {
  const taken: string[] = [];
  const users = new Map<number, string>();
  for (const { port, host, usedBy, remedy } of wanted) {
    const other = users.get(port);
    users.set(port, usedBy);
    if (other !== undefined) taken.push(`Port ${port} is wanted for ${other} and for ${usedBy}: ${remedy}.`);
    else if (!(await isPortFree(port, host).catch(noSuchHost))) {
      taken.push(`Port ${port}, wanted for ${usedBy}, is taken. Stop what listens there, or ${remedy}.`);
    }
  }
  if (taken.length > 0) throw new Error(taken.join('\n'));
}

/** Only the services listen on BIND_ADDR. All servers listen on loopback, which every machine has. */
function noSuchHost(error: Error): never {
  throw new Error(`BIND_ADDR is not an address of this machine (${error.message}). Set it to one, such as 127.0.0.1`);
}

/**
 * Writes the file in which commands find the addresses of the running suite. It is removed with the run records. Like
 * .env, it may contain passwords.
 */
export function writeAddresses(variables: Variables): void {
  const lines = ADDRESS_VARIABLES.map((name) => `${name}='${required(variables, name)}'\n`);
  writeFileSync(join(repositoryRoot, ADDRESSES_FILE), lines.join(''), { mode: 0o600 });
}
