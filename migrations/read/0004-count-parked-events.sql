-- kind: transaction
-- step: expand
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
-- Events that were parked before. The triggers hold a lock, so none comes or goes meanwhile.
UPDATE parked_count SET events = (SELECT count(*) FROM parked_events);
