import { Writable } from 'node:stream';
import { type Logger, pino, stdTimeFunctions } from 'pino';
import { default as pretty } from 'pino-pretty';
import { printableColours, printableText, redactUrls } from './safe-text.js';

export type { Logger } from 'pino';

const redact = { paths: ['*.password', '*.authorization', 'req.headers', 'config'], censor: '***' };

/** When nobody reads the log, lines beyond this are dropped rather than filling a container's memory of 256 MB. */
const MAX_UNREAD_BYTES = 16 * 1024 * 1024;

/** Logs JSON for machines or one line of text for people. Lines are buffered for up to 100 ms, to save writes. */
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
      // The stream was never opened, so no line is lost.
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
    // The buffer has room only after this write has been removed from it, at the end of this turn.
    queueMicrotask(() => log.warn({ lines }, 'dropped log lines because nobody read them in time'));
  });
  return log;
}

function serializeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { code } = error as Error & { code?: unknown };
  const cause = error.cause === undefined ? undefined : serializeError(error.cause);
  return { type: error.name, message: redactUrls(error.message), code, stack: redactUrls(error.stack ?? ''), cause };
}
