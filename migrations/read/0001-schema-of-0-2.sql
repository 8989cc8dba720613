-- kind: transaction
-- step: expand
-- Brings the read database of an earlier release to the schema of 0.2. Each part first looks whether the database has it,
-- because a statement that changes nothing would still wait for the lock of its table, and others would wait behind it.

DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'sync_state'::regclass AND attname = 'gap_since') THEN
    ALTER TABLE sync_state ADD COLUMN gap_since TIMESTAMPTZ;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'sync_state'::regclass AND attname = 'lacks_history') THEN
    ALTER TABLE sync_state ADD COLUMN lacks_history BOOLEAN NOT NULL DEFAULT false;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'sync_state'::regclass AND attname = 'told_ahead') THEN
    ALTER TABLE sync_state ADD COLUMN told_ahead TSTZMULTIRANGE NOT NULL DEFAULT '{}';
  END IF;
  IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'sync_state'::regclass AND attname = 'write_problems') THEN
    ALTER TABLE sync_state ADD COLUMN write_problems JSONB NOT NULL DEFAULT '[]';
  END IF;
  IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'dead_letters'::regclass AND attname = 'forgotten') THEN
    ALTER TABLE dead_letters ADD COLUMN forgotten BOOLEAN NOT NULL DEFAULT false;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'event_archive_moved'::regclass AND attname = 'foreign_events') THEN
    ALTER TABLE event_archive_moved ADD COLUMN foreign_events BIGINT NOT NULL DEFAULT 0;
    ALTER TABLE event_archive_moved ALTER COLUMN foreign_events DROP DEFAULT;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'replay_state'::regclass AND attname = 'tell_attempts') THEN
    ALTER TABLE replay_state
      ADD COLUMN asked_until TIMESTAMPTZ,
      ADD COLUMN tell_requested_at TIMESTAMPTZ,
      ADD COLUMN tell_attempts INTEGER NOT NULL DEFAULT 0;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'replay_state'::regclass AND attname = 'asked_from') THEN
    ALTER TABLE replay_state ADD COLUMN asked_from TIMESTAMPTZ;
  END IF;
END $$;

-- New in 0.2.
DO $$ BEGIN
  IF to_regclass('sources') IS NULL THEN
    CREATE TABLE sources (
      source_id     UUID PRIMARY KEY,
      is_counted    BOOLEAN     NOT NULL,
      epoch         TEXT,
      wal_position  PG_LSN,
      reported_at   TIMESTAMPTZ,
      doubt         TEXT,
      -- Number of events in the views if this source is not counted.
      events        BIGINT      NOT NULL DEFAULT 0,
      first_seen_at TIMESTAMPTZ NOT NULL DEFAULT now(),
      last_seen_at  TIMESTAMPTZ NOT NULL DEFAULT now()
    );
    CREATE UNIQUE INDEX sources_counted ON sources (is_counted) WHERE is_counted;
  END IF;
END $$;

CREATE TABLE IF NOT EXISTS service_problems (
  reporter      TEXT        NOT NULL,
  code          TEXT        NOT NULL,
  detail        TEXT        NOT NULL,
  first_seen_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  last_seen_at  TIMESTAMPTZ NOT NULL DEFAULT now(),
  PRIMARY KEY (reporter, code)
);

CREATE UNLOGGED TABLE IF NOT EXISTS storage_probe (filler TEXT NOT NULL);

-- 0.1 depended on the time zone of the session. The function is left alone where it does not, because replacing it would undo
-- the SECURITY DEFINER of docs/grants.md.
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_proc
                  WHERE oid = to_regproc('create_event_archive_months') AND 'TimeZone=UTC' = ANY (proconfig)) THEN
CREATE OR REPLACE FUNCTION create_event_archive_months() RETURNS VOID LANGUAGE plpgsql
SET DateStyle = 'ISO' SET TimeZone = 'UTC' AS $body$
DECLARE
  this_month CONSTANT TIMESTAMP := date_trunc('month', now() AT TIME ZONE 'UTC');
  month TIMESTAMP;
  partition TEXT;
BEGIN
  FOREACH month IN ARRAY ARRAY[this_month, this_month + interval '1 month'] LOOP
    partition := to_char(month, '"event_archive_"YYYY_MM');
    CONTINUE WHEN to_regclass(partition) IS NOT NULL;
    PERFORM pg_advisory_xact_lock(hashtext('create_event_archive_months'));
    -- to_regclass could answer from its cache; a query sees a partition that was committed during the wait.
    CONTINUE WHEN EXISTS (SELECT FROM pg_class WHERE relname = partition AND relnamespace =
                            (SELECT relnamespace FROM pg_class WHERE oid = 'event_archive'::regclass));
    EXECUTE format('CREATE TABLE %I (LIKE event_archive INCLUDING ALL)', partition);
    EXECUTE format('ALTER TABLE event_archive ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', partition,
                   month AT TIME ZONE 'UTC', (month + interval '1 month') AT TIME ZONE 'UTC');
  END LOOP;
END $body$;
  END IF;
END $$;
