import { findOlderServices } from '@tallyline/chassis/heartbeats/heartbeats.sql';
import type { Queryable } from '@tallyline/chassis/postgres/pool';
import type { View } from '../projections/view.js';
import { readViewHistory } from '../view-history/view-history.sql.js';
import { readMovedMonths } from './archived-events.sql.js';

/** Why a rebuild must not begin, or must not swap. Each function throws with the reason and the remedy. */

export async function refuseMovedMonths(db: Queryable): Promise<void> {
  const [first, ...others] = await readMovedMonths(db);
  if (first === undefined) return;
  const months = others.length === 0 ? first : `${first} and ${others.length} more month(s)`;
  throw new Error(`the events of ${months} are in the data lake: bring them back with npm run archive -- restore`);
}

/** The code of this release would leave a column of the later revision empty. */
export async function refuseLaterRevisions(db: Queryable, views: readonly View[]): Promise<void> {
  const history = await readViewHistory(db, views);
  const later = views.filter(({ table, revision }) =>
    history.some((known) => known.view === table && known.revision > revision),
  );
  if (later.length === 0) return;
  const names = later.map(({ table }) => table).join(', ');
  throw new Error(`a later release has changed ${names}: run the rebuild of that release`);
}

/** An older consumer would add events to the inbox, and not to a view that it does not know: the rebuild would be in vain. */
export async function refuseOlderConsumers(db: Queryable, version: string): Promise<void> {
  const older = await findOlderServices(db, 'consumer-service', version);
  if (older.length === 0) return;
  throw new Error(
    `an older consumer may still run, and would not fill the views: ${older.join('; ')}. ` +
      'Stop it, and run this again when it has no session and a minute has passed since its last heartbeat',
  );
}
