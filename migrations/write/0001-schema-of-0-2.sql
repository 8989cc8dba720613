-- kind: transaction
-- step: expand
-- Brings the write database of an earlier release to the schema of 0.2. Each part first looks whether the database has it,
-- because a statement that changes nothing would still wait for the lock of its table, and others would wait behind it.

DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_class WHERE oid = 'outbox'::regclass AND 'vacuum_index_cleanup=on' = ANY (reloptions)) THEN
    ALTER TABLE outbox SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 10000,
                            vacuum_index_cleanup = on);
  END IF;
END $$;

-- Early databases did not record what was deleted from the outbox. There, a product that is older than the oldest event shows
-- that events were deleted.
DO $$ BEGIN
  IF to_regclass('outbox_pruned') IS NULL THEN
    CREATE TABLE outbox_pruned (
      only_row BOOLEAN PRIMARY KEY DEFAULT true CHECK (only_row),
      until    TIMESTAMPTZ NOT NULL
    );
    INSERT INTO outbox_pruned (until)
    SELECT created_at FROM (SELECT created_at FROM outbox ORDER BY id LIMIT 1) AS oldest
     WHERE EXISTS (SELECT FROM products p WHERE p.created_at < oldest.created_at - interval '1 minute');
  END IF;
END $$;

-- New in 0.2.
CREATE TABLE IF NOT EXISTS source_identity (
  only_row BOOLEAN PRIMARY KEY DEFAULT true CHECK (only_row),
  id       UUID NOT NULL DEFAULT gen_random_uuid()
);
INSERT INTO source_identity DEFAULT VALUES ON CONFLICT DO NOTHING;

CREATE UNLOGGED TABLE IF NOT EXISTS storage_probe (filler TEXT NOT NULL);
