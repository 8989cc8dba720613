import { epochChange, type Source } from '@tallyline/contracts/source';

/** What this side remembers of a write database that it counts. */
export interface KnownSource {
  readonly epoch: string;
  readonly walPosition: string;
  /** When the watermark was sent that said so, by the write database's clock. */
  readonly reportedAt: Date;
  /** Why its history may not be the one that was counted here; null when there is no doubt. */
  readonly doubt: string | null;
}

/** Checkpoints have their time in whole seconds. */
const SECOND_MS = 1_000;

/**
 * What is to be remembered when a watermark comes. Its events are only a continuation of those that were counted when its
 * database has the same history: when the epoch is the same and the write-ahead log did not go back. An older watermark,
 * which was overtaken or delivered again, says nothing new.
 *
 * A copy of the data directory that was put back has the same epoch. Its log may have grown past the remembered position
 * before it is heard of again, but its newest checkpoint was made behind that position although it is younger.
 */
export function judgeSource(known: KnownSource | undefined, source: Source, reportedAt: Date): KnownSource {
  const { epoch, walPosition } = source;
  if (known === undefined) return { epoch, walPosition, reportedAt, doubt: null };
  if (reportedAt <= known.reportedAt) return known;
  return { epoch, walPosition, reportedAt, doubt: doubtOf(known, source) ?? known.doubt };
}

function doubtOf(known: KnownSource, source: Source): string | null {
  if (source.epoch !== known.epoch) return epochChange(known.epoch, source.epoch);
  const before = positionOf(known.walPosition);
  const checkpointIsYounger = Date.parse(source.checkpointAt) > known.reportedAt.getTime() + SECOND_MS;
  const wentBack =
    positionOf(source.walPosition) < before || (checkpointIsYounger && positionOf(source.checkpointPosition) < before);
  return wentBack ? 'its write-ahead log went back: an older copy of its files was put back' : null;
}

/** `16/B374D848`: the upper and the lower 32 bits, in hexadecimal. */
function positionOf(walPosition: string): bigint {
  const [upper = '0', lower = '0'] = walPosition.split('/');
  return (BigInt(`0x${upper}`) << 32n) + BigInt(`0x${lower}`);
}
