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

/** A command called in a way that it does not understand: told together with its usage. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** 0: done, 1: done, and the answer is no; 2 (set here): could not be done. */
export type ExitCode = 0 | 1;

const FAILED = 2;

export interface CommandLineOptions<S extends z.ZodType, O extends ParseArgsOptionsConfig> {
  readonly usage: string;
  readonly argv: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** The environment variables that it reads. */
  readonly settings: S;
  readonly options: O;
  /** How many arguments it takes that are no options; none when left out. */
  readonly mostArguments?: number;
  run(call: {
    readonly config: z.output<S>;
    readonly values: ReturnType<typeof parseArgs<{ options: O; allowPositionals: true }>>['values'];
    readonly positionals: readonly string[];
    /** Warnings, on stderr: stdout belongs to the answer. */
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
    // The first that names a variable counts: the environment, then what runs here (made of .env when it started), then .env.
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
  return `Does it run (\`npm start\`), and is that where ${urls.join(' and ')} should lead? See .env.example.`;
}

/** `… | head` closes the pipe early: the reader has seen enough, but what the command does has to be done. */
let isRead = true;

/** One line of the answer, whatever comes in it from messages or tables. */
export function print(line: string): void {
  if (isRead) process.stdout.write(`${printableLine(line)}\n`);
}

/** Several lines. */
export function printText(text: string): void {
  if (isRead) process.stdout.write(`${printableText(text)}\n`);
}

/** What is no part of the answer: warnings and faults, on stderr. */
export function printWarning(text: string): void {
  process.stderr.write(`${printableText(text)}\n`);
}

/** Between the parts of a long answer: what is printed faster than it is read would pile up in memory. */
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
