import { runCommandLine, UsageError } from '@tallyline/chassis/command-line/command-line';
import { showProgressBeside } from '@tallyline/chassis/command-line/progress';
import { createPool, withTransaction } from '@tallyline/chassis/postgres/pool';
import { environment } from '@tallyline/contracts/environment';
import { eventQueues } from '@tallyline/contracts/topology';
import { takeCommandLock } from '../dead-letters/dead-letters.sql.js';
import { discardLetters } from '../dead-letters/discard-letters.js';
import { openLetterBox } from '../dead-letters/letter-box.js';
import { listLetters } from '../dead-letters/list-letters.js';
import { redriveLetters } from '../dead-letters/redrive-letters.js';
import { rehearseRedrive } from '../dead-letters/rehearse-redrive.js';
import { showLetter } from '../dead-letters/show-letter.js';

const usage = `Looks at messages that were set aside, and returns them to their queues once their cause is mended.

  npm run dead-letters -- list    [--queue QUEUE] [--json]     one line each, with the reason
  npm run dead-letters -- show ID                              properties, headers and body
  npm run dead-letters -- redrive [--id ID]… [--queue QUEUE] [--dry-run]
  npm run dead-letters -- discard --id ID… [--for-good]

redrive returns all of them, or those named; what is in the views already changes nothing. With --dry-run each is applied
with today's code in a transaction that is rolled back, and the rows that would change are printed (- before, + after).
discard removes a message. Where the write side committed the event, sync-status goes on saying "incomplete", because the
views lack it and npm run replay can still bring it; --for-good forgets that, too.
One command at a time: it holds the messages that it looks at.

QUEUE is one of ${Object.keys(eventQueues).join(', ')}.
Reads BROKER_URL and READ_DATABASE_URL, from the environment or .env. Exit code 2: it could not be done.`;

await runCommandLine({
  usage,
  argv: process.argv.slice(2),
  env: process.env,
  settings: environment.pick({ READ_DATABASE_URL: true, BROKER_URL: true }),
  options: {
    id: { type: 'string', multiple: true },
    queue: { type: 'string', multiple: true },
    'dry-run': { type: 'boolean', default: false },
    'for-good': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
  mostArguments: Number.POSITIVE_INFINITY,
  run: async ({ config, values, positionals, log }) => {
    const [command, ...rest] = positionals;
    const given = [...(values.id ?? []), ...rest].map((id) => id.toLowerCase());
    const queues = values.queue ?? Object.keys(eventQueues);
    const unknown = queues.find((queue) => !Object.hasOwn(eventQueues, queue));
    if (unknown !== undefined) throw new UsageError(`there is no queue "${unknown}"`);
    if (command === 'list' && given.length > 0) throw new UsageError('list shows all of them; show ID shows one');
    if (command === 'show' && given.length !== 1) throw new UsageError('show wants one ID');
    if (command === 'discard' && given.length === 0) throw new UsageError('discard wants an --id');

    const pool = createPool({
      url: config.READ_DATABASE_URL,
      applicationName: 'dead-letters',
      // One holds the lock.
      maxConnections: 2,
      statementTimeoutMs: 30_000,
      log,
    });
    const progress = showProgressBeside(process.stdout);
    try {
      await withTransaction(pool, 'dead-letters', async (guard) => {
        if (!(await takeCommandLock(guard)))
          throw new Error('another dead-letters command is running: it holds the messages that it looks at');
        await openLetterBox(config.BROKER_URL, progress, (box) => {
          const context = { pool, box, queues, ids: given.length > 0 ? new Set(given) : undefined };
          if (command === 'list') return listLetters(context, values.json);
          if (command === 'show') return showLetter(context);
          if (command === 'redrive') return values['dry-run'] ? rehearseRedrive(context) : redriveLetters(context);
          if (command === 'discard') return discardLetters(context, values['for-good']);
          throw new UsageError(command === undefined ? 'say what to do' : `there is no command "${command}"`);
        });
      });
    } finally {
      progress.end();
      await pool.end();
    }
    return 0;
  },
});
