import { redactUrls } from '@tallyline/chassis/process/safe-text';
import type { Settings } from './settings.js';
import { required } from './settings.js';

export type Check = (url: string) => Promise<void>;

/**
 * Returns whether the user provides this server. A URL that differs from the default names such a server, and it must
 * answer. A URL that was set to the default counts if a server answers there, because a broker of the user on the usual
 * port has the default URL, too.
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
    throw new Error(
      `${name} is set to ${redactUrls(url)}, but no server accepts connections there: ${reasonOf(error)}`,
    );
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join('; ');
  return error instanceof Error ? error.message || error.name : String(error);
}
