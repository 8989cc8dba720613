import type { Pool, Statement, Tx } from '@tallyline/chassis/postgres/pool';
import type { Watermark } from '@tallyline/contracts/watermark';
import type { DecodedEvent } from '../inbox/decode.js';
import { judgeSource, type KnownSource } from './judge-source.js';

/**
 * The table `sources` lists the write databases whose messages have arrived. The ledger counts the events of the first one.
 * Events of the others are applied but not counted, and their watermarks are ignored: sums of two databases cannot be compared.
 */

/** A cache of the write database that the ledger of a read database counts. It does not change once it is known. */
export const ledgerSources = new WeakMap<Pool, string>();

/** Records these write databases, and returns the one that the ledger counts. */
export async function recordSources(tx: Tx, ids: readonly string[]): Promise<string | undefined> {
  const rows = await tx.query<{ id: string; isCounted: boolean }>({
    name: 'find-sources',
    text: 'SELECT source_id AS id, is_counted AS "isCounted" FROM sources',
  });
  const isNew = (id: string) => !rows.some((row) => row.id === id);
  if (ids.some(isNew)) {
    // One consumer at a time may insert, because the first row becomes the counted one.
    await tx.query({ text: 'LOCK TABLE sources IN SHARE ROW EXCLUSIVE MODE' });
    for (const id of ids.filter(isNew)) await insertSource(tx, id);
    return recordSources(tx, []);
  }
  return rows.find(({ isCounted }) => isCounted)?.id;
}

async function insertSource(tx: Tx, id: string): Promise<void> {
  await tx.query({
    name: 'insert-source',
    text: `INSERT INTO sources (source_id, is_counted) SELECT $1, NOT EXISTS (SELECT FROM sources WHERE is_counted)
           ON CONFLICT (source_id) DO NOTHING`,
    values: [id],
  });
}

/** Counts applied events of write databases that the ledger does not count. */
export function addToOtherSources(applied: readonly DecodedEvent[], ledgerSource: string | undefined): Statement[] {
  const others = applied.flatMap(({ source }) => (source === undefined || source === ledgerSource ? [] : source));
  if (others.length === 0) return [];
  const statement = {
    name: 'add-to-other-sources',
    text: `UPDATE sources s SET events = s.events + a.events, last_seen_at = now()
             FROM (SELECT id, count(*) AS events FROM unnest($1::uuid[]) AS id GROUP BY id) AS a WHERE s.source_id = a.id`,
    values: [others],
  };
  return [statement];
}

/**
 * Checks the history of the write databases that sent watermarks. Returns the watermarks that may be compared with the
 * ledger: those of its write database, and those of version 0.1, which name none.
 */
export async function judgeWatermarks(tx: Tx, watermarks: readonly Watermark[]): Promise<readonly Watermark[]> {
  const ids = new Set(watermarks.flatMap(({ source }) => source?.id ?? []));
  if (ids.size === 0) return watermarks;
  const ledgerSource = await recordSources(tx, [...ids]);
  const comparable = watermarks.filter(({ source }) => source === undefined || source.id === ledgerSource);
  const [row] = await tx.query<KnownSource>({
    name: 'lock-counted-source',
    text: `SELECT epoch, wal_position::text AS "walPosition", reported_at AS "reportedAt", doubt
             FROM sources WHERE is_counted FOR UPDATE`,
  });
  let known: KnownSource | undefined = row?.epoch ? row : undefined;
  const inOrder = comparable
    .flatMap(({ source, measuredAt, toldAt = measuredAt }) => (source ? { source, at: new Date(toldAt) } : []))
    .sort((a, b) => a.at.getTime() - b.at.getTime());
  for (const { source, at } of inOrder) known = judgeSource(known, source, at);
  for (const watermark of comparable) {
    const doubt = known && (await findUncommitted(tx, watermark));
    if (known && doubt !== undefined) known = { ...known, doubt };
  }
  if (known !== undefined) {
    await tx.query({
      name: 'store-source',
      text: `UPDATE sources SET epoch = $1, wal_position = $2, reported_at = $3, doubt = $4 WHERE is_counted`,
      values: [known.epoch, known.walPosition, known.reportedAt, known.doubt],
    });
  }
  return comparable;
}

/**
 * Finds a second for which this side has accounted for more events than the write database says it has committed, which means
 * that the write database has lost some. The counts of a watermark are complete and final, with two exceptions: its clock was
 * set back, or events of the second have been pruned since.
 */
async function findUncommitted(tx: Tx, watermark: Watermark): Promise<string | undefined> {
  const { from, measuredAt, toldAt = measuredAt, prunedUntil, seconds } = watermark;
  if (Date.parse(toldAt) < Date.parse(measuredAt)) return undefined;
  const [row] = await tx.query<{ second: Date; surplus: number }>({
    name: 'find-uncommitted',
    text: `SELECT l.second, l.settled - COALESCE(r.committed, 0) AS surplus
             FROM event_ledger l LEFT JOIN unnest($3::timestamptz[], $4::bigint[]) AS r (second, committed) USING (second)
            WHERE l.second >= $1 AND l.second < $2 AND l.settled > COALESCE(r.committed, 0)
              AND ($5::timestamptz IS NULL OR l.second > $5) LIMIT 1`,
    values: [
      from,
      measuredAt,
      seconds.map(({ second }) => second),
      seconds.map(({ committed }) => committed),
      prunedUntil,
    ],
  });
  return row && `${row.surplus} event(s) of ${row.second.toISOString()} that were counted here are not in it any more`;
}
