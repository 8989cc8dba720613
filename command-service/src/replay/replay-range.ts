import { type ExitCode, print, UsageError } from '@tallyline/chassis/command-line/command-line';
import { showProgress } from '@tallyline/chassis/command-line/progress';
import type { Queryable } from '@tallyline/chassis/postgres/pool';
import { countPublished, unpublishRange } from './replay.sql.js';
import type { ReplayWindow } from './replay-window.js';

/** Locks few rows for a short time: the relay may begin with the first while the last are still being marked. */
const BATCH_SIZE = 10_000;

/** As the operator gave them; without an end, until now. */
export interface GivenRange {
  readonly from: string;
  readonly to: string | undefined;
}

/** Publishes once more what was committed in a range of time. */
export async function replayRange(
  db: Queryable,
  given: GivenRange,
  { oldest, now }: ReplayWindow,
  dryRun: boolean,
): Promise<ExitCode> {
  const from = timeOf(given.from, 'from');
  if (from < oldest) print(`Events before ${oldest.toISOString()} are left out: the inbox forgets them.`);
  const to = given.to === undefined ? now : timeOf(given.to, 'to');
  if (to <= from) throw new UsageError('--to must be later than --from');

  const range = { from: from < oldest ? oldest : from, to, publishedBefore: now };
  const count = await countPublished(db, range);
  print(`${count} event(s) ${dryRun ? 'would be' : 'are'} published again.`);
  if (dryRun) return 0;
  const progress = showProgress();
  progress.part('marking events', count);
  for await (const marked of unpublishRange(db, range, BATCH_SIZE)) progress.advance(marked);
  progress.end();
  return 0;
}

function timeOf(text: string, option: string): Date {
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) throw new UsageError(`--${option} is not a time: ${text}`);
  return time;
}
