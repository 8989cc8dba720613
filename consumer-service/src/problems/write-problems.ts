import { databaseFailure } from '@tallyline/chassis/postgres/failure';
import type { SyncProblem } from '@tallyline/contracts/sync-reasons';
import { TableAtFault } from '../inbox/refusal.js';

/** Returns the problem of a loop that writes the views, from the error of its failing turn. `work` says what it cannot do. */
export function writeProblems(failure: unknown, work: string): SyncProblem[] {
  if (failure === undefined) return [];
  if (failure instanceof TableAtFault) return [{ code: 'views-refuse-events', detail: failure.message }];
  return [{ code: 'views-not-written', detail: `consumer-service cannot ${work}: ${databaseFailure(failure)}` }];
}

/** Returns one problem for each code, because a report has one row for each. The first ones are kept. */
export function oneOfEachCode(problems: readonly SyncProblem[]): SyncProblem[] {
  return problems.filter(({ code }, n) => problems.findIndex((other) => other.code === code) === n);
}
