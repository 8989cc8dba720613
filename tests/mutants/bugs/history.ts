import type { Mutant } from '../mutant.js';

/** Bugs that call a view complete although it lacks events. */
export const historyBugs: readonly Mutant[] = [
  {
    name: 'new-view-called-complete',
    bug: 'a view that is new to the database is complete although older consumers have applied events',
    changes: [
      {
        file: 'init-read.sql',
        from: 'SELECT name, of_revision, is_empty, CASE',
        to: 'SELECT name, of_revision, true, CASE',
      },
    ],
    caughtBy: {
      file: 'consumer-service/src/view-history/view-history.int.test.ts',
      name: 'a new view lacks history when the inbox has an event',
    },
  },
];
