import { epochChange, type Source } from '@tallyline/contracts/source';

/** The read side's knowledge of the write database that the ledger counts. */
export interface KnownSource {
  readonly epoch: string;
  readonly walPosition: string;
  /** When the newest watermark was sent, by the write database's clock. */
  readonly reportedAt: Date;
  /** The reason to doubt that its history is the one that was counted here; null if there is none. */
  readonly doubt: string | null;
}

/** Times are compared with this tolerance, because a checkpoint has its time in whole seconds. */
const SECOND_MS = 1_000;

/**
 * Decides what is known about the write database after a watermark. Its history continues the one that was counted here if
 * its epoch is the same and its write-ahead log did not go back. A watermark that is older than the newest one changes
 * nothing.
 *
 * An older copy of the data directory that was put back has the same epoch, and its log may have grown past the known
 * position before its first watermark arrives. Then the newest checkpoint shows the copy: the checkpoint is younger than the
 * last watermark, but its position lies before the known one.
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

/** Reads a position such as `16/B374D848`: the upper and the lower 32 bits, in hexadecimal. */
function positionOf(walPosition: string): bigint {
  const [upper = '0', lower = '0'] = walPosition.split('/');
  return (BigInt(`0x${upper}`) << 32n) + BigInt(`0x${lower}`);
}
