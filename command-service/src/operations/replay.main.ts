import { runCommandLine, UsageError } from '@tallyline/chassis/command-line/command-line';
import { createPool, onPool } from '@tallyline/chassis/postgres/pool';
import { environment } from '@tallyline/contracts/environment';
import { replayEvents } from '../replay/replay-events.js';
import { replayRange } from '../replay/replay-range.js';
import { readReplayWindow } from '../replay/replay-window.js';

const usage = `Publishes events once more out of the outbox. What the views include already is counted once all the same.

  npm run replay -- --from 2026-11-20T08:00:00Z [--to 2026-11-20T09:00:00Z] [--dry-run]
  npm run replay -- --id EVENT_ID…

--from and --to are times at which the events were committed; without --to, until now. A running command-service publishes
them within its poll interval; none has to be running now. Lost events come back without this command: it is for the day
when somebody wants to be sure. Events that are older than INBOX_RETENTION_DAYS less one are left out: the inbox may have
forgotten them when they arrive, and would count them again.
Reads WRITE_DATABASE_URL and INBOX_RETENTION_DAYS, from the environment or .env.`;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

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
    if ((from === undefined) === (named === undefined)) throw new UsageError('say either --from or --id');
    const ids = [...new Set(named?.map((id) => id.toLowerCase()))];
    const wrong = ids.find((id) => !UUID.test(id));
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
      const window = await readReplayWindow(db, config.INBOX_RETENTION_DAYS);
      if (from !== undefined) return await replayRange(db, { from, to }, window, dryRun);
      return await replayEvents(db, ids, window, dryRun);
    } finally {
      await pool.end();
    }
  },
});
