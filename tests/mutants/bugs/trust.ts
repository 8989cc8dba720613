import type { Mutant } from '../mutant.js';

const judgeSource = 'consumer-service/src/inbox/judge-source.ts';
const judgeSourceTest = 'consumer-service/src/inbox/judge-source.unit.test.ts';

/** Bugs that let "in sync" be said when it is not, or let one event stop all. */
export const trustBugs: readonly Mutant[] = [
  {
    name: 'one-rejected-rejects-all',
    bug: 'all events that were on their way when the broker closed the channel count as rejected',
    changes: [
      {
        file: 'chassis/src/broker/isolating-publisher.ts',
        from: '} else if (first !== undefined && suspects.length === 1) {',
        to: '} else if (first !== undefined) {',
      },
    ],
    caughtBy: {
      file: 'chassis/src/broker/isolating-publisher.int.test.ts',
      name: 'many at once, of which some close the channel, each get their own outcome',
    },
  },
  {
    name: 'ignore-promotion',
    bug: 'a write database whose timeline changed is taken for the one that was counted',
    changes: [
      { file: judgeSource, from: 'if (source.epoch !== known.epoch) return', to: "if (source.epoch === '') return" },
    ],
    caughtBy: { file: judgeSourceTest, name: 'there is doubt when a standby was promoted' },
  },
  {
    name: 'clock-before-lock',
    bug: 'a writer stamps its events before it takes the lock by which it is seen',
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
