import { onPool, type Pool, type Tx, withTransaction } from '@tallyline/chassis/postgres/pool';

/**
 * Records in the read database that both sides were compared and are equal. This removes a doubt about the history of
 * the write database, and the ledger counts only its events from now on. Returns whether there was a doubt. Throws when
 * the views include events of another write database: such views are equal to the applied events and still wrong.
 */
export async function acceptSource(read: Pool, write: Pool): Promise<boolean> {
  const [identity] = await onPool(write).query<{ id: string }>({ text: 'SELECT id FROM source_identity' });
  if (identity === undefined) throw new Error('source_identity has no row; apply init-write.sql');
  return withTransaction(read, 'accept the write database', (tx) => acceptSourceIn(tx, identity.id));
}

async function acceptSourceIn(tx: Tx, id: string): Promise<boolean> {
  await tx.query({ text: 'LOCK TABLE sources IN SHARE ROW EXCLUSIVE MODE' });
  const [mixed] = await tx.query<{ events: number }>({
    text: 'SELECT sum(events)::bigint AS events FROM sources WHERE source_id <> $1 HAVING sum(events) > 0',
    values: [id],
  });
  if (mixed !== undefined) {
    throw new Error(
      `the views include ${mixed.events} event(s) of another write database, which cannot be removed: give each write ` +
        'database its own virtual host, and this one a new read database (docs/operations.md, second-write-database)',
    );
  }
  const others = await tx.query({ text: 'DELETE FROM sources WHERE source_id <> $1 RETURNING 1', values: [id] });
  const doubts = await tx.query({
    text: `INSERT INTO sources AS s (source_id, is_counted) VALUES ($1, true)
           ON CONFLICT (source_id) DO UPDATE SET is_counted = true, doubt = NULL WHERE s.doubt IS NOT NULL OR NOT s.is_counted
           RETURNING 1`,
    values: [id],
  });
  return others.length + doubts.length > 0;
}
