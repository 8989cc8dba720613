import type { Mutant } from '../mutant.js';

/** Bugs that call a view complete although it lacks events. */
export const historyBugs: readonly Mutant[] = [
  {
    name: 'new-view-called-complete',
    bug: 'a view that is new to the database is complete although older consumers have applied events',
    changes: [
      {
        file: 'consumer-service/src/view-history/view-history.sql.ts',
        from: "text: 'SELECT register_view(name, revision) FROM unnest($1::text[], $2::int[]) AS known (name, revision) ORDER BY name',",
        to: `text: 'INSERT INTO view_history SELECT name, revision, true FROM unnest($1::text[], $2::int[]) AS k (name, revision) ON CONFLICT DO NOTHING',`,
      },
    ],
    caughtBy: {
      file: 'consumer-service/src/view-history/view-history.int.test.ts',
      name: 'a new view lacks history when the inbox has an event',
    },
  },
];
