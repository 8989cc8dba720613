import { onPool, type Pool, type Tx, withTransaction } from '@tallyline/chassis/postgres/pool';

/**
 * Notes in the read database that both sides were compared and are equal: whatever raised a doubt about the history of the
 * write database is settled, and from now on its events alone are is_applied. Answers whether there was anything to settle.
 * Throws where the views include events of another write database: they are equal to what was applied, and still wrong.
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
      `the views include ${mixed.events} event(s) of another write database, which nobody can take out again: give each write ` +
        'database a virtual host of its own, and this one a new read database (docs/operations.md, second-write-database)',
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
