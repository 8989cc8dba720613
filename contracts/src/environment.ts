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
 * Every environment variable of the suite with its default. Each service picks those that it reads. `npm run docs` writes
 * `.env.example` from this list: a description is the comment above its variable and those that follow without one.
 */
export const environment = z.object({
  WRITE_DATABASE_URL: url('postgres:', 'postgresql:')
    .default('postgres://postgres:postgres@127.0.0.1:5433/write_db')
    .describe(
      'Databases and broker. `npm start` starts its own server for each variable that .env does not set. If .env sets one, it ' +
        'uses the server at that address. If no server answers there, it starts its own if the value is the one below, and ' +
        'otherwise ends with an error. Under docker compose the services use the names of the containers instead.',
    ),
  READ_DATABASE_URL: url('postgres:', 'postgresql:').default('postgres://postgres:postgres@127.0.0.1:5434/read_db'),
  BROKER_URL: url('amqp:', 'amqps:').default('amqp://guest:guest@127.0.0.1:5672'),
  BIND_ADDR: z
    .string()
    .default('127.0.0.1')
    .describe('The address and ports of the services. Docker Compose publishes their ports on the same address.'),
  COMMAND_SERVICE_PORT: port.default(8080),
  QUERY_SERVICE_PORT: port.default(8081),
  CONSUMER_SERVICE_PORT: port.default(8082),
  RABBITMQ_MANAGEMENT_PORT: port
    .default(15672)
    .describe("The port of the broker's management page under `npm start` and docker compose."),
  PORT_OFFSET: z.coerce
    .number()
    .int()
    .min(0)
    .max(MAX_PORT_OFFSET)
    .default(0)
    .describe(
      '`npm start` adds this to all of its ports that have their default (services, databases, broker, management page), so ' +
        'that two suites can run on one machine. With 0 it tries 100, 200 and so on if a port is taken. It prints all ' +
        'addresses, and the commands find them.',
    ),
  OUTBOX_POLL_INTERVAL_MS: z.coerce
    .number()
    .int()
    .min(10)
    .max(60_000)
    .default(1000)
    .describe(
      'Each writer publishes the events that it has committed and wakes the relay for those that it could not publish. The ' +
        'relay also polls the outbox at this interval (10 to 60,000 ms) for events of a crashed writer, an import or a replay.',
    ),
  EVENT_VERSIONS: z
    .string()
    .refine((setting) => versionsFault(setting) === undefined, { error: ({ input }) => versionsFault(String(input)) })
    .default('')
    .describe(
      'The version of each event type that is written, such as OrderCreated=2. Types that are not named are written in the ' +
        'newest version that the previous release reads. Raise a version when every consumer-service is of this release; see ' +
        'docs/upgrading.md.',
    ),
  OUTBOX_RETENTION_DAYS: retentionDays.describe(
    'Published outbox rows and inbox rows are deleted after this many days, 30 at least. A replay is limited by both: it ' +
      'leaves out events past retention, because the inbox could not recognise a copy. Verification works without those rows.',
  ),
  INBOX_RETENTION_DAYS: retentionDays,
  IDEMPOTENCY_RETENTION_HOURS: z.coerce
    .number()
    .int()
    .min(24)
    .max(8_760)
    .default(48)
    .describe(
      'For this time, 24 to 8,760 hours, a repeated request for a product or an order with the same Idempotency-Key gets the ' +
        'first answer. The keys of purchases do not expire.',
    ),
  SHOP_TIME_ZONE: z
    .string()
    .refine(isTimeZone, { error: 'must be UTC or the name of a place, such as Europe/Berlin' })
    .default('UTC')
    .describe(
      'The time zone of the shop, in which its days begin at midnight: UTC or a name such as Europe/Berlin or ' +
        'America/New_York. Views are stored in UTC, so it may be changed at any time.',
    ),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
    .default('info')
    .describe('LOG_LEVEL is trace, debug, info, warn, error, fatal or silent. LOG_FORMAT is json or pretty.'),
  LOG_FORMAT: z.enum(['json', 'pretty']).default('json'),
});
