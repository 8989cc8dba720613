import { z } from 'zod';

const url = (...protocols: string[]) =>
  z.string().refine((value) => URL.canParse(value) && protocols.includes(new URL(value).protocol), {
    error: `must be a URL that starts with ${protocols.join('// or ')}//`,
  });

/**
 * Names that PostgreSQL reads as Node.js does. To PostgreSQL CET knows no summer, IST is Israel's and AET nothing, and an
 * offset goes the other way round: +02:00 is west of Greenwich there.
 */
function isTimeZone(value: string): boolean {
  if (!/^(UTC|GMT|[a-z]\w*\/.+)$/i.test(value)) return false;
  try {
    return new Intl.DateTimeFormat('en', { timeZone: value }) !== undefined;
  } catch {
    return false;
  }
}

/** A copy of an event that comes after its row in the inbox is gone would be counted twice. */
const MIN_RETENTION_DAYS = 30;
const retentionDays = z.coerce.number().int().min(MIN_RETENTION_DAYS).max(36_500).default(365);

/** An event of so many days ago arrives, published again, while the inbox remembers it, whatever the settings are. */
export const SAFE_REPLAY_DAYS = MIN_RETENTION_DAYS - 1;

/** The highest default port is 15672. */
const MAX_PORT_OFFSET = 40_000;

const port = z.coerce.number().int().min(0).max(65_535);

/**
 * Every environment variable of the suite with its default, declared once; each service picks the ones it reads.
 * `.env.example` names exactly these, and a test holds it to that.
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
