import { readClock } from '@tallyline/chassis/clock.sql';
import { print, runCommandLine, UsageError } from '@tallyline/chassis/command-line';
import { createPool, onPool } from '@tallyline/chassis/postgres';
import { showProgress } from '@tallyline/chassis/progress';
import { environment } from '@tallyline/contracts/environment';
import { countEvents, countPublished, unpublishEvents, unpublishRange } from '../replay/replay.sql.js';

const usage = `Publishes events once more out of the outbox. What the views include already is counted once all the same.

  npm run replay -- --from 2026-11-20T08:00:00Z [--to 2026-11-20T09:00:00Z] [--dry-run]
  npm run replay -- --id EVENT_ID…

--from and --to are times at which the events were committed; without --to, until now. A running command-service publishes
them within its poll interval; none has to be running now. Lost events come back without this command: it is for the day
when somebody wants to be sure. Events that are older than INBOX_RETENTION_DAYS less one are left out: the inbox may have
forgotten them when they arrive, and would count them again.
Reads WRITE_DATABASE_URL and INBOX_RETENTION_DAYS, from the environment or .env.`;

const DAY_MS = 86_400_000;

/** Locks few rows for a short time: the relay may begin with the first while the last are still being marked. */
const BATCH_SIZE = 10_000;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function timeOf(text: string, option: string): Date {
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) throw new UsageError(`--${option} is not a time: ${text}`);
  return time;
}

await runCommandLine({
  usage,
  argv: process.argv.slice(2),
  env: process.env,
  settings: environment.pick({ WRITE_DATABASE_URL: true, INBOX_RETENTION_DAYS: true }),
  options: {
    from: { type: 'string' },
    to: { type: 'string' },
    id: { type: 'string', multiple: true },
    'dry-run': { type: 'boolean', default: false },
  },
  run: async ({ config, values: { from, to, id: named, 'dry-run': dryRun }, log }) => {
    const ids = named && [...new Set(named.map((id) => id.toLowerCase()))];
    if ((from === undefined) === (ids === undefined)) throw new UsageError('say either --from or --id');
    const wrong = ids?.find((id) => !UUID.test(id));
    if (wrong !== undefined) throw new UsageError(`not an event's id: ${wrong}`);
    const pool = createPool({
      url: config.WRITE_DATABASE_URL,
      applicationName: 'replay',
      maxConnections: 1,
      statementTimeoutMs: 60_000,
      log,
    });
    const db = onPool(pool);
    try {
      const now = await readClock(db);
      // A day less than the inbox remembers: what is published again must arrive before it is forgotten.
      const oldest = new Date(now.getTime() - (config.INBOX_RETENTION_DAYS - 1) * DAY_MS);
      if (ids !== undefined) {
        const found = await (dryRun ? countEvents : unpublishEvents)(db, ids, oldest);
        print(`${found} of ${ids.length} event(s) ${dryRun ? 'would be' : 'are'} published again.`);
        return found === ids.length ? 0 : 1;
      }
      const since = timeOf(from ?? '', 'from');
      if (since < oldest) print(`Events before ${oldest.toISOString()} are left out: the inbox forgets them.`);
      const until = to === undefined ? now : timeOf(to, 'to');
      if (until <= since) throw new UsageError('--to must be later than --from');
      const range = { from: since < oldest ? oldest : since, to: until, publishedBefore: now };
      const count = await countPublished(db, range);
      print(`${count} event(s) ${dryRun ? 'would be' : 'are'} published again.`);
      if (dryRun) return 0;
      const progress = showProgress();
      progress.part('marking events', count);
      for await (const marked of unpublishRange(db, range, BATCH_SIZE)) progress.advance(marked);
      progress.end();
      return 0;
    } finally {
      await pool.end();
    }
  },
});
