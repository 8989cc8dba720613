import { type Logger, pino, stdTimeFunctions } from 'pino';
import { default as pretty } from 'pino-pretty';

import { redactUrls } from './redact-urls.js';

export type { Logger } from 'pino';

const redact = { paths: ['*.password', '*.authorization', 'req.headers', 'config'], censor: '***' };

/** JSON for machines, one line for people. Buffered for 100 ms at most: a synchronous line costs a write per request. */
export function createLogger(service: string, level: string, format: 'json' | 'pretty'): Logger {
  const options = {
    name: service,
    level,
    base: { service },
    redact,
    timestamp: stdTimeFunctions.isoTime,
    serializers: { err: serializeError },
  };
  if (format === 'pretty') {
    return pino(
      options,
      pretty({ ignore: 'service,name', messageFormat: '{service}: {msg}', translateTime: 'HH:MM:ss.l' }),
    );
  }
  const destination = pino.destination({ dest: 1, sync: false, minLength: 4096 });
  setInterval(() => destination.flush(), 100).unref();
  process.on('exit', () => {
    try {
      destination.flushSync();
    } catch {
      // The stream was never opened; there is nothing to lose.
    }
  });
  return pino(options, destination);
}

function serializeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { code } = error as Error & { code?: unknown };
  const cause = error.cause === undefined ? undefined : serializeError(error.cause);
  return { type: error.name, message: redactUrls(error.message), code, stack: redactUrls(error.stack ?? ''), cause };
}
