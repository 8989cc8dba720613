import { type ExitCode, print, UsageError } from '@tallyline/chassis/command-line/command-line';
import { showProgress } from '@tallyline/chassis/command-line/progress';
import { readClock } from '@tallyline/chassis/postgres/clock.sql';
import type { Queryable } from '@tallyline/chassis/postgres/pool';
import { countEvents, countPublished, unpublishEvents, unpublishRange } from './replay.sql.js';

/** Events before `oldest` must not be published again. */
export interface ReplayWindow {
  readonly oldest: Date;
  readonly now: Date;
}

const DAY_MS = 86_400_000;

/** The window is a day shorter than the retention of the inbox, so that events arrive before they are past retention. */
export async function readReplayWindow(db: Queryable, inboxDays: number): Promise<ReplayWindow> {
  const now = await readClock(db);
  return { oldest: new Date(now.getTime() - (inboxDays - 1) * DAY_MS), now };
}

/** Publishes the events with these ids again. */
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

/** Small batches hold few locks for a short time, and the relay can publish the first while later ones are marked. */
const BATCH_SIZE = 10_000;

/** The options of the command. Without `to`, the range ends now. */
export interface GivenRange {
  readonly from: string;
  readonly to: string | undefined;
}

/** Publishes again all events that were committed in a range of time. */
export async function replayRange(
  db: Queryable,
  given: GivenRange,
  { oldest, now }: ReplayWindow,
  dryRun: boolean,
): Promise<ExitCode> {
  const from = timeOf(given.from, 'from');
  if (from < oldest) {
    print(`Events before ${oldest.toISOString()} are left out: they are past retention, and could be counted twice.`);
  }
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
