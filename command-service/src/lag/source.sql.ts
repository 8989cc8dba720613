import type { Queryable } from '@tallyline/chassis/postgres/pool';
import type { Source } from '@tallyline/contracts/source';

/**
 * The identity of this write database, its epoch, and the position of its write-ahead log. The epoch has four parts: the
 * cluster's system identifier, the database's oid, the timeline, and the transaction that wrote the row with the identity.
 * The last part changes when a dump is restored into the same database, because restoring writes the row again.
 */
export async function readSource(db: Queryable): Promise<Source> {
  const [row] = await db.query<Omit<Source, 'checkpointAt'> & { checkpointAt: Date }>({
    name: 'read-source',
    text: `
      SELECT identity.id,
             concat_ws('-', cluster.system_identifier, database.oid,
                       ('x' || left(pg_walfile_name(pg_current_wal_flush_lsn()), 8))::bit(32)::bigint, identity.xmin) AS epoch,
             pg_current_wal_flush_lsn()::text AS "walPosition",
             checkpoint.checkpoint_lsn::text AS "checkpointPosition", checkpoint.checkpoint_time AS "checkpointAt"
        FROM source_identity identity, pg_control_system() cluster, pg_control_checkpoint() checkpoint, pg_database database
       WHERE database.datname = current_database()`,
  });
  if (row === undefined) throw new Error('table source_identity has no row; apply init-write.sql');
  return { ...row, checkpointAt: row.checkpointAt.toISOString() };
}
