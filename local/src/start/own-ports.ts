import { isPortFree } from '../servers/free-port.js';
import { SERVICES } from './service-names.js';
import { required, type Settings } from './settings.js';

/** What `npm start` brings itself, by the variable that says where; all of it is moved together. */
const PORT_VARIABLES = [...SERVICES.map(({ portVariable }) => portVariable), 'RABBITMQ_MANAGEMENT_PORT'] as const;
const URL_VARIABLES = ['WRITE_DATABASE_URL', 'READ_DATABASE_URL', 'BROKER_URL'] as const;

/** Where something is that differs from the defaults: commands read it. */
export const ADDRESS_VARIABLES = [...URL_VARIABLES, ...PORT_VARIABLES] as const;

const STEP = 100;
const MOST_STEPS = 20;

/** The settings with every port that is left at its default `offset` higher, but for servers that the person gave. */
export function moveOwn(settings: Settings, given: ReadonlySet<string>, offset: number): Settings {
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
  /** The default ports that are taken, which is why they are moved. */
  readonly taken: readonly number[];
}

/** PORT_OFFSET where it is set; otherwise the least multiple of 100 at which all ports are free, 0 as a rule. */
export async function chooseOffset(settings: Settings, given: ReadonlySet<string>): Promise<ChosenOffset> {
  const wanted = Number(required(settings.variables, 'PORT_OFFSET'));
  if (wanted !== 0) return { offset: wanted, taken: [] };
  const taken = await takenPorts(settings, given, 0);
  for (let step = 0; step <= MOST_STEPS; step += 1) {
    if ((await takenPorts(settings, given, step * STEP)).length === 0) return { offset: step * STEP, taken };
  }
  return { offset: 0, taken: [] };
}

/** Of those that would be moved. */
async function takenPorts(settings: Settings, given: ReadonlySet<string>, offset: number): Promise<number[]> {
  const { variables } = moveOwn(settings, given, offset);
  const isOwn = (name: string) => !given.has(name) && settings.variables[name] === settings.defaults[name];
  const ports = ADDRESS_VARIABLES.filter(isOwn).map((name) => {
    const value = required(variables, name);
    return { port: Number(URL.canParse(value) ? new URL(value).port : value), name };
  });
  const looks = ports.map(async ({ port, name }) => {
    const host = SERVICES.some(({ portVariable }) => portVariable === name)
      ? required(variables, 'BIND_ADDR')
      : '127.0.0.1';
    // An address that is not of this machine is told with the ports.
    return (await isPortFree(port, host).catch(() => true)) ? [] : [port];
  });
  return (await Promise.all(looks)).flat();
}
