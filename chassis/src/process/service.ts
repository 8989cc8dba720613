import dotenv from 'dotenv';
import type { z } from 'zod';
import { ConfigError, parseConfig } from './config.js';
import { createLogger, type Logger } from './logger.js';

/** A stop ends well before the 30 s after which Docker Compose kills a service. */
const STOP_LIMIT_MS = 15_000;

export interface ServiceContext<Config> {
  readonly config: Config;
  readonly log: Logger;
  /** Logs the reason and exits with code 1. For faults that no retry can fix. */
  readonly fatal: (error: Error) => void;
}

/** The steps of a graceful stop, in the sequence in which they run. */
export type StopSteps = readonly (readonly [name: string, stop: () => Promise<unknown>])[];

interface LogConfig {
  readonly LOG_LEVEL: string;
  readonly LOG_FORMAT: 'json' | 'pretty';
}

/**
 * Runs a service: reads `.env` and the configuration (on faults it lists all of them and exits with 1), creates the
 * logger and calls `start`. The first SIGTERM or SIGINT runs the stop steps. A second signal, or 15 s, ends the process
 * at once: interrupted work is redelivered or retried.
 */
export async function runService<S extends z.ZodType<LogConfig>>(
  name: string,
  env: NodeJS.ProcessEnv,
  schema: S,
  start: (context: ServiceContext<z.output<S>>) => Promise<StopSteps>,
): Promise<void> {
  const config = readConfig(schema, env);
  const log = createLogger(name, config.LOG_LEVEL, config.LOG_FORMAT);
  const exit = (code: number) => log.flush(() => process.exit(code));
  const fatal = (error: unknown) => {
    log.fatal({ err: error }, error instanceof Error ? error.message : 'the service failed and exits');
    // Parts of the service may still be starting; the reason must be the last line.
    log.level = 'silent';
    exit(1);
  };
  process.on('uncaughtException', fatal);
  process.on('unhandledRejection', fatal);

  const started = start({ config, log, fatal });
  let stopping = false;
  const stop = async (signal: string) => {
    if (stopping) return exit(1);
    stopping = true;
    log.info({ signal }, 'stopping');
    setTimeout(() => fatal(new Error(`the service did not stop within ${STOP_LIMIT_MS} ms`)), STOP_LIMIT_MS).unref();
    try {
      for (const [step, run] of await started) {
        log.debug({ step }, 'stopping');
        await run();
      }
      log.info('stopped');
      exit(0);
    } catch (error) {
      fatal(error);
    }
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop(signal));
  await started.catch(fatal);
}

function readConfig<S extends z.ZodType>(schema: S, env: NodeJS.ProcessEnv): z.output<S> {
  dotenv.config({ quiet: true, processEnv: env as Record<string, string> });
  try {
    return parseConfig(schema, env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\nSee .env.example for every variable and its default.\n`);
    process.exit(1);
  }
}
