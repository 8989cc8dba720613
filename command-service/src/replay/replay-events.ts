import { type ExitCode, print } from '@tallyline/chassis/command-line/command-line';
import type { Queryable } from '@tallyline/chassis/postgres/pool';
import { countEvents, unpublishEvents } from './replay.sql.js';
import type { ReplayWindow } from './replay-window.js';

/** Publishes events once more that are named by their ids. */
export async function replayEvents(
  db: Queryable,
  ids: readonly string[],
  { oldest }: ReplayWindow,
  dryRun: boolean,
): Promise<ExitCode> {
  const found = await (dryRun ? countEvents : unpublishEvents)(db, ids, oldest);
  print(`${found} of ${ids.length} event(s) ${dryRun ? 'would be' : 'are'} published again.`);
  return found === ids.length ? 0 : 1;
}
