import type { Mutant } from '../mutant.js';

const judgeSource = 'consumer-service/src/lag/judge-source.ts';
const judgeSourceTest = 'consumer-service/src/lag/judge-source.unit.test.ts';

/** Bugs that make sync-status say "in sync" too early, or let one event block all others. */
export const trustBugs: readonly Mutant[] = [
  {
    name: 'one-rejected-rejects-all',
    bug: 'when the broker closes the channel over one event, all unconfirmed events count as rejected',
    changes: [
      {
        file: 'chassis/src/broker/isolating-publisher.ts',
        from: '} else if (first !== undefined && suspects.length === 1) {',
        to: '} else if (first !== undefined) {',
      },
    ],
    caughtBy: {
      file: 'chassis/src/broker/isolating-publisher.int.test.ts',
      name: 'gives each message its own outcome when some of many close the channel',
    },
  },
  {
    name: 'ignore-promotion',
    bug: 'a write database with another timeline counts as the one that the ledger knows',
    changes: [
      { file: judgeSource, from: 'if (source.epoch !== known.epoch) return', to: "if (source.epoch === '') return" },
    ],
    caughtBy: {
      file: judgeSourceTest,
      name: 'judgeSource doubts the history of a write database when a standby was promoted',
    },
  },
  {
    name: 'clock-before-lock',
    bug: 'a writer stamps its events before it takes the lock that holds back watermarks',
    changes: [
      {
        file: 'command-service/src/outbox/event-time.sql.ts',
        from: `  WITH writer AS MATERIALIZED (SELECT pg_advisory_xact_lock_shared(\${LOCK_CLASS}, \${LOCK_KEY}))
  SELECT date_trunc('milliseconds', clock_timestamp()) FROM writer)`,
        to: "  SELECT date_trunc('milliseconds', clock_timestamp()))",
      },
    ],
    caughtBy: {
      file: 'command-service/src/lag/watermark.int.test.ts',
      name: 'reports a second only when no more events can be committed in it',
    },
  },
];
