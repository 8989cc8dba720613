-- kind: transaction
-- step: expand

-- Parked events: events of the outbox that are newer than the consumer that received them, one row each until a consumer that
-- knows their type and version applies them. `counted` is true for those that the ledger has accounted for. `properties` are
-- the AMQP properties with the headers, the exchange and the routing key. They are JSON, because JSONB refuses the character
-- U+0000, which a header may have.
CREATE TABLE IF NOT EXISTS parked_events (
  event_id   UUID PRIMARY KEY,
  event_type TEXT        NOT NULL,
  version    BIGINT      NOT NULL,
  queue      TEXT        NOT NULL,
  reason     TEXT        NOT NULL,
  counted    BOOLEAN     NOT NULL,
  -- The write database that the message names, if it names one.
  source     UUID,
  body       BYTEA       NOT NULL,
  properties JSON        NOT NULL,
  parked_at  TIMESTAMPTZ NOT NULL DEFAULT now()
);
-- Finds the events that a consumer knows, without reading those that it does not.
CREATE INDEX IF NOT EXISTS parked_events_by_version ON parked_events (event_type, version, event_id);

-- The number of parked events, for sync-status. Whoever counts the rows steps over every deleted one that an open transaction
-- may still see, which takes a third of a second for a million. The triggers change the number in the transaction that parks,
-- applies or discards. The function has the rights of its owner, so that no role needs rights on the number.
CREATE TABLE IF NOT EXISTS parked_count (
  only_row BOOLEAN PRIMARY KEY DEFAULT true CHECK (only_row),
  events   BIGINT NOT NULL DEFAULT 0
);
INSERT INTO parked_count DEFAULT VALUES ON CONFLICT DO NOTHING;
CREATE OR REPLACE FUNCTION count_parked_events() RETURNS TRIGGER LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  changed BIGINT;
BEGIN
  IF TG_OP = 'TRUNCATE' THEN
    UPDATE public.parked_count SET events = 0;
    RETURN NULL;
  END IF;
  SELECT count(*) INTO changed FROM changed_rows;
  IF changed > 0 THEN
    UPDATE public.parked_count SET events = events + CASE TG_OP WHEN 'INSERT' THEN changed ELSE -changed END;
  END IF;
  RETURN NULL;
END $$;
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = 'parked_events'::regclass AND tgname = 'count_parked') THEN
    CREATE TRIGGER count_parked AFTER INSERT ON parked_events REFERENCING NEW TABLE AS changed_rows
      FOR EACH STATEMENT EXECUTE FUNCTION count_parked_events();
    CREATE TRIGGER count_unparked AFTER DELETE ON parked_events REFERENCING OLD TABLE AS changed_rows
      FOR EACH STATEMENT EXECUTE FUNCTION count_parked_events();
    CREATE TRIGGER count_none_parked AFTER TRUNCATE ON parked_events
      FOR EACH STATEMENT EXECUTE FUNCTION count_parked_events();
  END IF;
END $$;
