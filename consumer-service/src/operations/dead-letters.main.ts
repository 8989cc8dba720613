import { runCommandLine, UsageError } from '@tallyline/chassis/command-line/command-line';
import { showProgressBeside } from '@tallyline/chassis/command-line/progress';
import { createPool, withTransaction } from '@tallyline/chassis/postgres/pool';
import { environment } from '@tallyline/contracts/environment';
import { eventQueues } from '@tallyline/contracts/topology';
import { openDeadLetterQueues } from '../dead-letters/dead-letter-queues.js';
import { takeCommandLock } from '../dead-letters/dead-letters.sql.js';
import { discardDeadLetters } from '../dead-letters/discard.js';
import { dryRunRedrive } from '../dead-letters/dry-run.js';
import { listDeadLetters } from '../dead-letters/list.js';
import { redriveDeadLetters } from '../dead-letters/redrive.js';
import { showDeadLetter } from '../dead-letters/show.js';
import { views } from '../projections/index.js';
import { filledViews } from '../view-history/view-history.sql.js';

const usage = `Shows dead letters (messages that cannot be applied), and returns them to their queues once the cause is fixed. Works on
parked events, too: those that are newer than the consumers, which a newer release applies by itself.

  npm run dead-letters -- list    [--queue QUEUE] [--json]     one line each, with the reason
  npm run dead-letters -- show ID                              properties, headers and body
  npm run dead-letters -- redrive [--id ID]… [--queue QUEUE] [--dry-run]
  npm run dead-letters -- discard --id ID… [--for-good]

redrive returns all dead letters, or those named. An event that is in the views already changes nothing. With --dry-run
each event is applied with today's code in a transaction that is rolled back, and the rows that would change are printed
(- before, + after). A parked event stays parked until it is applied.
discard removes a message. If the write side committed the event, sync-status stays "incomplete": the views lack the event,
and npm run replay can still bring it. --for-good discards the record of the dead letter, too.
Only one of these commands can run at a time, because it holds the messages that it reads.

QUEUE is one of ${Object.keys(eventQueues).join(', ')}.
Reads BROKER_URL and READ_DATABASE_URL, from the environment or .env. Exit code 2: the command failed.`;

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
    if (command === 'list' && given.length > 0) throw new UsageError('list takes no ID; use show ID');
    if (command === 'show' && given.length !== 1) throw new UsageError('show needs exactly one ID');
    if (command === 'discard' && given.length === 0) throw new UsageError('discard needs an --id');

    const pool = createPool({
      url: config.READ_DATABASE_URL,
      applicationName: 'dead-letters',
      // One connection holds the command lock.
      maxConnections: 2,
      statementTimeoutMs: 30_000,
      // A dry run applies events, too.
      settings: filledViews(views),
      log,
    });
    const progress = showProgressBeside(process.stdout);
    try {
      await withTransaction(pool, 'dead-letters', async (guard) => {
        if (!(await takeCommandLock(guard)))
          throw new Error(
            'another dead-letters command is running and holds the messages; try again when it has ended',
          );
        await openDeadLetterQueues(config.BROKER_URL, progress, (deadLetterQueues) => {
          const selection = { pool, deadLetterQueues, queues, ids: given.length > 0 ? new Set(given) : undefined };
          if (command === 'list') return listDeadLetters(selection, values.json);
          if (command === 'show') return showDeadLetter(selection);
          if (command === 'redrive')
            return values['dry-run'] ? dryRunRedrive(selection) : redriveDeadLetters(selection);
          if (command === 'discard') return discardDeadLetters(selection, values['for-good']);
          throw new UsageError(command === undefined ? 'name a command' : `there is no command "${command}"`);
        });
      });
    } finally {
      progress.end();
      await pool.end();
    }
    return 0;
  },
});
