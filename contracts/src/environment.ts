import { z } from 'zod';
import { writtenVersionsOf } from './written-versions.js';

const url = (...protocols: string[]) =>
  z.string().refine((value) => URL.canParse(value) && protocols.includes(new URL(value).protocol), {
    error: `must be a URL that starts with ${protocols.join('// or ')}//`,
  });

/**
 * Accepts names that mean the same to PostgreSQL and Node.js. To PostgreSQL, CET has no summer time, IST is Israel's,
 * AET is unknown, and an offset is inverted: +02:00 is west of Greenwich.
 */
function isTimeZone(value: string): boolean {
  if (!/^(UTC|GMT|[a-z]\w*\/.+)$/i.test(value)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: value }) !== undefined;
  } catch {
    return false;
  }
}

/** The lower limit exists because a copy of an event that arrives after its inbox row is deleted is applied twice. */
const MIN_RETENTION_DAYS = 30;
const retentionDays = z.coerce.number().int().min(MIN_RETENTION_DAYS).max(36_500).default(365);

/** A replay of events up to this age is safe with any setting: they arrive before their inbox rows are deleted. */
export const SAFE_REPLAY_DAYS = MIN_RETENTION_DAYS - 1;

/** With this offset, the highest default port (15672) is still a valid port. */
const MAX_PORT_OFFSET = 40_000;

/** Says what is wrong with EVENT_VERSIONS; undefined when nothing is. */
function versionsFault(setting: string): string | undefined {
  try {
    writtenVersionsOf(setting);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

const port = z.coerce.number().int().min(0).max(65_535);

/**
 * Every environment variable of the suite with its default. Each service picks those that it reads. A test checks that
 * `.env.example` has the same variables and defaults.
 */
export const environment = z.object({
  WRITE_DATABASE_URL: url('postgres:', 'postgresql:').default('postgres://postgres:postgres@127.0.0.1:5433/write_db'),
  READ_DATABASE_URL: url('postgres:', 'postgresql:').default('postgres://postgres:postgres@127.0.0.1:5434/read_db'),
  BROKER_URL: url('amqp:', 'amqps:').default('amqp://guest:guest@127.0.0.1:5672'),
  BIND_ADDR: z.string().default('127.0.0.1'),
  COMMAND_SERVICE_PORT: port.default(8080),
  QUERY_SERVICE_PORT: port.default(8081),
  CONSUMER_SERVICE_PORT: port.default(8082),
  RABBITMQ_MANAGEMENT_PORT: port.default(15672),
  PORT_OFFSET: z.coerce.number().int().min(0).max(MAX_PORT_OFFSET).default(0),
  OUTBOX_POLL_INTERVAL_MS: z.coerce.number().int().min(10).max(60_000).default(1000),
  EVENT_VERSIONS: z
    .string()
    .refine((setting) => versionsFault(setting) === undefined, { error: ({ input }) => versionsFault(String(input)) })
    .default(''),
  OUTBOX_RETENTION_DAYS: retentionDays,
  INBOX_RETENTION_DAYS: retentionDays,
  IDEMPOTENCY_RETENTION_HOURS: z.coerce.number().int().min(24).max(8_760).default(48),
  SHOP_TIME_ZONE: z
    .string()
    .refine(isTimeZone, { error: 'must be UTC or the name of a place, such as Europe/Berlin' })
    .default('UTC'),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  LOG_FORMAT: z.enum(['json', 'pretty']).default('json'),
});
