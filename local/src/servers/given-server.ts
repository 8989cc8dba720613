import { redactUrls } from '@tallyline/chassis/process/safe-text';
import type { Settings } from '../start/settings.js';
import { required } from '../start/settings.js';

export type Check = (url: string) => Promise<void>;

/**
 * Whether a URL names a server of the person's own. One that differs from the default does, and then it must answer.
 * The default itself, when it was set and something answers there with its password, does as well: `BROKER_URL` of
 * a broker on the usual port equals our default.
 */
export async function isGiven(settings: Settings, name: string, answers: Check): Promise<boolean> {
  const url = required(settings.variables, name);
  const isDefault = url === settings.defaults[name];
  if (isDefault && !settings.isSet(name)) return false;
  try {
    await answers(url);
    return true;
  } catch (error) {
    if (isDefault) return false;
    throw new Error(`${name} is set to ${redactUrls(url)}, and nothing usable answers there: ${reasonOf(error)}`);
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join('; ');
  return error instanceof Error ? error.message || error.name : String(error);
}
