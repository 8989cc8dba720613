import { runCommandLine, UsageError } from '@tallyline/chassis/command-line/command-line';
import { createPool, onPool } from '@tallyline/chassis/postgres/pool';
import { environment } from '@tallyline/contracts/environment';
import { readReplayWindow, replayEvents, replayRange } from './replay/replay-events.js';

const usage = `Publishes events of the outbox again. Events that the views include already are not counted twice.

  npm run replay -- --from 2026-11-20T08:00:00Z [--to 2026-11-20T09:00:00Z] [--dry-run]
  npm run replay -- --id EVENT_ID… [--dry-run]

--from and --to are times at which events were committed. Without --to, the range ends now. The command only marks the
events. A command-service publishes them within its poll interval once it runs. Lost events are published again without this
command; use it to be sure. Events older than INBOX_RETENTION_DAYS less one day are left out: they could be past retention
when they arrive, and be counted twice.
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
  run: async ({ config, values: { from, to, id: given, 'dry-run': dryRun }, log }) => {
    if ((from === undefined) === (given === undefined)) throw new UsageError('give either --from or --id');
    const ids = [...new Set(given?.map((id) => id.toLowerCase()))];
    const wrong = ids.find((id) => !UUID.test(id));
    if (wrong !== undefined) throw new UsageError(`--id is not a UUID: ${wrong}`);
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
