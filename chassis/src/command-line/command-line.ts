import { once } from 'node:events';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import dotenv from 'dotenv';
import { pino } from 'pino';
import { z } from 'zod';
import { classify } from '../postgres/errors.js';
import { ADDRESSES_FILE, ConfigError, parseConfig } from '../process/config.js';
import type { Logger } from '../process/logger.js';
import { printableLine, printableText, redactUrls } from '../process/safe-text.js';

type ParseArgsOptionsConfig = NonNullable<ParseArgsConfig['options']>;

/** The arguments of a command are wrong. The message is printed together with the usage. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** 0: the command is done. 1: it is done, and the result is negative. 2, which this file sets: it failed. */
export type ExitCode = 0 | 1;

const FAILED = 2;

export interface CommandLineOptions<S extends z.ZodType, O extends ParseArgsOptionsConfig> {
  readonly usage: string;
  readonly argv: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** The environment variables that the command reads. */
  readonly settings: S;
  readonly options: O;
  /** The number of arguments beside options, 0 by default. */
  readonly mostArguments?: number;
  run(call: {
    readonly config: z.output<S>;
    readonly values: ReturnType<typeof parseArgs<{ options: O; allowPositionals: true }>>['values'];
    readonly positionals: readonly string[];
    /** Logs errors to stderr, because stdout is for the result. */
    readonly log: Logger;
  }): Promise<ExitCode>;
}

/** Runs an operator's command: `--help`, arguments, `.env`, then `run`; sets the exit code and lets the process end. */
export async function runCommandLine<S extends z.ZodType, const O extends ParseArgsOptionsConfig>({
  usage,
  argv,
  env,
  settings,
  options,
  mostArguments = 0,
  run,
}: CommandLineOptions<S, O>): Promise<void> {
  process.stdout.on('error', () => {
    isRead = false;
  });
  try {
    const { values, positionals } = parse(argv, options);
    if ((values as { help?: unknown }).help === true) return printText(usage);
    const unexpected = positionals[mostArguments];
    if (unexpected !== undefined) throw new UsageError(`unexpected argument "${unexpected}"`);
    // The first source that sets a variable wins: the environment, the addresses of a running `npm start`, then .env.
    dotenv.config({ quiet: true, path: [ADDRESSES_FILE, '.env'], processEnv: env as Record<string, string> });
    const config = parseConfig(settings, env);
    const log = pino({ level: 'error' }, pino.destination({ dest: 2, sync: true }));
    process.exitCode = await run({ config, values, positionals, log });
  } catch (error) {
    process.exitCode = FAILED;
    const reason = error instanceof Error ? error.message || (error as Error & { code?: string }).code : String(error);
    const known = error instanceof ConfigError || error instanceof UsageError;
    printWarning(redactUrls(reason ?? 'failed'));
    if (error instanceof UsageError) printWarning(`\n${usage}`);
    if (classify(error) === 'unavailable') printWarning(whereToLook(settings));
    if (!known && env.LOG_LEVEL === 'debug' && error instanceof Error) printWarning(redactUrls(error.stack ?? ''));
  }
}

function whereToLook(settings: z.ZodType): string {
  const urls =
    settings instanceof z.ZodObject ? Object.keys(settings.shape).filter((name) => name.endsWith('_URL')) : [];
  return `Is it running (\`npm start\`), and is ${urls.join(' and ')} correct? See .env.example.`;
}

/** False once the reader of stdout has gone (`… | head`). The command must still finish its work. */
let isRead = true;

/** Prints one line of the result, with control characters from messages or tables escaped. */
export function print(line: string): void {
  if (isRead) process.stdout.write(`${printableLine(line)}\n`);
}

/** Prints several lines of the result. */
export function printText(text: string): void {
  if (isRead) process.stdout.write(`${printableText(text)}\n`);
}

/** Prints a warning or an error to stderr. */
export function printWarning(text: string): void {
  process.stderr.write(`${printableText(text)}\n`);
}

/** Waits until stdout is drained. A long result that is printed faster than it is read would fill the memory. */
export async function untilRead(): Promise<void> {
  if (isRead && process.stdout.writableNeedDrain) await once(process.stdout, 'drain').catch(() => undefined);
}

function parse<const O extends ParseArgsOptionsConfig>(argv: readonly string[], options: O) {
  try {
    return parseArgs({
      args: [...argv],
      options: { ...options, help: { type: 'boolean', short: 'h' } },
      allowPositionals: true,
    }) as ReturnType<typeof parseArgs<{ options: O; allowPositionals: true }>>;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}
