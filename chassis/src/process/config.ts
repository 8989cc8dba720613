import type { z } from 'zod';
import { validationMessage } from './validation-message.js';

/** `npm start` writes the addresses of what it runs to this file, in the format of .env, and removes it at its end. */
export const ADDRESSES_FILE = '.data/run/addresses.env';

/** Lists all faults of the environment, so that one restart shows every mistake. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    const count = faults.length === 1 ? 'a fault' : `${faults.length} faults`;
    super(`the environment has ${count}:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
    this.faults = faults;
  }
}

/** Reads the variables that `schema` names; an empty one is treated as unset. Throws ConfigError naming every fault. */
export function parseConfig<S extends z.ZodType>(
  schema: S,
  env: Readonly<Record<string, string | undefined>>,
): z.output<S> {
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value.trim() !== ''));
  const parsed = schema.safeParse(set, { error: validationMessage });
  if (parsed.success) return parsed.data;
  throw new ConfigError(parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`));
}
