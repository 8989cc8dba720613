import { Writable } from 'node:stream';
import { type Logger, pino, stdTimeFunctions } from 'pino';
import { default as pretty } from 'pino-pretty';
import { printableColours, printableText, redactUrls } from './safe-text.js';

export type { Logger } from 'pino';

const redact = { paths: ['*.password', '*.authorization', 'req.headers', 'config'], censor: '***' };

/** Of lines, while who reads them stands still: some 50,000 requests. The service matters more, and a container has 256 MB. */
const MAX_UNREAD_BYTES = 16 * 1024 * 1024;

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
    const destination = new Writable({
      write: (lines, _encoding, done) => void process.stdout.write(printableColours(String(lines)), () => done()),
    });
    return pino(
      options,
      pretty({ ignore: 'service,name', messageFormat: '{service}: {msg}', translateTime: 'HH:MM:ss.l', destination }),
    );
  }
  const destination = pino.destination({ dest: 1, sync: false, minLength: 4096, maxLength: MAX_UNREAD_BYTES });
  setInterval(() => destination.flush(), 100).unref();
  process.on('exit', () => {
    try {
      destination.flushSync();
    } catch {
      // The stream was never opened; there is nothing to lose.
    }
  });
  const log = pino({ ...options, hooks: { streamWrite: printableText } }, destination);
  let dropped = 0;
  destination.on('drop', () => {
    dropped += 1;
  });
  destination.on('write', () => {
    if (dropped === 0) return;
    const lines = dropped;
    dropped = 0;
    // There is room when this write has been taken off the buffer, behind this turn.
    queueMicrotask(() => log.warn({ lines }, 'log lines were dropped: nobody read them in time'));
  });
  return log;
}

function serializeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { code } = error as Error & { code?: unknown };
  const cause = error.cause === undefined ? undefined : serializeError(error.cause);
  return { type: error.name, message: redactUrls(error.message), code, stack: redactUrls(error.stack ?? ''), cause };
}
