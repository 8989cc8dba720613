-- The read database: the views, the inbox, the archive and the ledger. This is the complete schema, for a fresh database.
-- Applying the file twice changes nothing. A database of an earlier release gets later changes from migrations/read/ alone.
-- Totals are NUMERIC without a precision and counts are BIGINT, because an overflow would turn every later event of the same
-- key into a dead letter.

-- The lock makes concurrent runs of this file wait for each other, because two runs that create the same table would fail. A
-- run gives up after 10 s instead of waiting in pg_advisory_lock: `npm run migrate` holds the same lock, and its CREATE INDEX
-- CONCURRENTLY waits for every statement that began earlier, so the two would wait for each other.
DO $$
DECLARE
  give_up CONSTANT TIMESTAMPTZ := clock_timestamp() + interval '10 seconds';
BEGIN
  WHILE NOT pg_try_advisory_lock(hashtext('schema')) LOOP
    IF clock_timestamp() > give_up THEN
      RAISE EXCEPTION 'another run changes the schema of this database: apply this file again when it has ended';
    END IF;
    PERFORM pg_sleep(0.1);
  END LOOP;
END $$;
-- The timeout is short, because every other transaction would queue behind a statement that waits for a table lock.
SET lock_timeout = '5s';

CREATE TABLE IF NOT EXISTS product_sales_view (
  product_id          BIGINT PRIMARY KEY,
  total_quantity_sold BIGINT  NOT NULL DEFAULT 0,
  total_revenue       NUMERIC NOT NULL DEFAULT 0,
  order_count         BIGINT  NOT NULL DEFAULT 0
);

CREATE TABLE IF NOT EXISTS category_metrics_view (
  category_name TEXT PRIMARY KEY,
  total_revenue NUMERIC NOT NULL DEFAULT 0,
  total_orders  BIGINT  NOT NULL DEFAULT 0
);

CREATE TABLE IF NOT EXISTS customer_ltv_view (
  customer_id     BIGINT PRIMARY KEY,
  total_spent     NUMERIC     NOT NULL DEFAULT 0,
  order_count     BIGINT      NOT NULL DEFAULT 0,
  last_order_date TIMESTAMPTZ NOT NULL
);

CREATE TABLE IF NOT EXISTS hourly_sales_view (
  hour_timestamp TIMESTAMPTZ PRIMARY KEY,
  total_orders   BIGINT  NOT NULL DEFAULT 0,
  total_revenue  NUMERIC NOT NULL DEFAULT 0
);

-- Sales per minute, 1,440 rows a day, for "the same time yesterday" and for days in the shop's time zone.
CREATE TABLE IF NOT EXISTS minute_sales_view (
  minute_timestamp TIMESTAMPTZ PRIMARY KEY,
  total_orders     BIGINT  NOT NULL DEFAULT 0,
  total_revenue    NUMERIC NOT NULL DEFAULT 0
);

CREATE TABLE IF NOT EXISTS products_read (
  product_id    BIGINT PRIMARY KEY,
  name          TEXT        NOT NULL,
  category      TEXT        NOT NULL,
  price         NUMERIC     NOT NULL,
  -- The stock at creation. Units left are initial_stock - product_sales_view.total_quantity_sold, which is correct however
  -- the events arrive.
  initial_stock BIGINT      NOT NULL,
  created_at    TIMESTAMPTZ NOT NULL
);

CREATE TABLE IF NOT EXISTS orders_read (
  order_id    BIGINT PRIMARY KEY,
  customer_id BIGINT      NOT NULL,
  total       NUMERIC     NOT NULL,
  items       JSONB       NOT NULL,
  placed_at   TIMESTAMPTZ NOT NULL
);
CREATE INDEX IF NOT EXISTS orders_read_by_customer ON orders_read (customer_id, order_id DESC);
-- This index gives the customers of a day by an index-only scan. New orders are added at its right end, which is cheap.
CREATE INDEX IF NOT EXISTS orders_read_by_time ON orders_read (placed_at) INCLUDE (customer_id);

-- These indexes give the top rows of each view without a sort.
CREATE INDEX IF NOT EXISTS product_sales_view_by_revenue ON product_sales_view (total_revenue DESC, product_id);
CREATE INDEX IF NOT EXISTS category_metrics_view_by_revenue ON category_metrics_view (total_revenue DESC, category_name);
CREATE INDEX IF NOT EXISTS customer_ltv_view_by_spend ON customer_ltv_view (total_spent DESC, customer_id);

-- The branches are predefined. A test checks that init-write.sql has the same rows.
CREATE TABLE IF NOT EXISTS branches (
  id        TEXT PRIMARY KEY,
  name      TEXT NOT NULL,
  time_zone TEXT NOT NULL
);
INSERT INTO branches (id, name, time_zone) VALUES
  ('downtown', 'Downtown', 'Europe/Berlin'),
  ('harbour', 'Harbour', 'Europe/Lisbon'),
  ('uptown', 'Uptown', 'America/New_York')
ON CONFLICT DO NOTHING;

-- A day is the branch's calendar day. The branch comes first in each key, because every query is for one branch.
CREATE TABLE IF NOT EXISTS daily_sales_by_branch (
  day             DATE    NOT NULL,
  branch_id       TEXT    NOT NULL,
  revenue_sum     NUMERIC NOT NULL DEFAULT 0,
  items_sum       BIGINT  NOT NULL DEFAULT 0,
  purchases_count BIGINT  NOT NULL DEFAULT 0,
  PRIMARY KEY (branch_id, day)
);

CREATE TABLE IF NOT EXISTS product_sales_daily (
  day         DATE    NOT NULL,
  branch_id   TEXT    NOT NULL,
  product_id  BIGINT  NOT NULL,
  qty_sum     BIGINT  NOT NULL DEFAULT 0,
  revenue_sum NUMERIC NOT NULL DEFAULT 0,
  PRIMARY KEY (branch_id, day, product_id)
);

CREATE TABLE IF NOT EXISTS customer_loyalty (
  customer_id      UUID        NOT NULL,
  branch_id        TEXT        NOT NULL,
  purchases_count  BIGINT      NOT NULL DEFAULT 0,
  total_spent      NUMERIC     NOT NULL DEFAULT 0,
  last_purchase_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (branch_id, customer_id)
);
CREATE INDEX IF NOT EXISTS customer_loyalty_ranked
  ON customer_loyalty (branch_id, purchases_count DESC, total_spent DESC, customer_id);

-- The customers of each day. Numbers of distinct customers cannot be added up, so the set is stored, and its size below.
CREATE TABLE IF NOT EXISTS customers_daily (
  day         DATE NOT NULL,
  branch_id   TEXT NOT NULL,
  customer_id UUID NOT NULL,
  PRIMARY KEY (branch_id, day, customer_id)
);

CREATE TABLE IF NOT EXISTS unique_customers_daily (
  day             DATE   NOT NULL,
  branch_id       TEXT   NOT NULL,
  customers_count BIGINT NOT NULL DEFAULT 0,
  PRIMARY KEY (branch_id, day)
);

-- The inbox: one row per event that the views include.
CREATE TABLE IF NOT EXISTS processed_events (
  event_id     UUID PRIMARY KEY,
  processed_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

-- Dead letters, one row each until a redrive applies them. `counted` is true for events from the outbox, which the ledger
-- has accounted for. `forgotten` is true for discarded ones: they keep their row so that they are not accounted for twice.
CREATE TABLE IF NOT EXISTS dead_letters (
  event_id      UUID PRIMARY KEY,
  queue         TEXT        NOT NULL,
  reason        TEXT        NOT NULL,
  counted       BOOLEAN     NOT NULL,
  first_seen_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  forgotten     BOOLEAN     NOT NULL DEFAULT false
);

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

-- The ledger: for each second of the write database's clock, the events that were committed according to the watermarks, and
-- the events that are accounted for (applied, dead letters or parked), counted in the same transactions. A second with settled <
-- committed is not complete.
CREATE TABLE IF NOT EXISTS event_ledger (
  second          TIMESTAMPTZ PRIMARY KEY,
  committed       BIGINT NOT NULL DEFAULT 0,
  settled         BIGINT NOT NULL DEFAULT 0,
  first_at        TIMESTAMPTZ,
  last_settled_at TIMESTAMPTZ
);
CREATE INDEX IF NOT EXISTS event_ledger_incomplete ON event_ledger (second) WHERE settled < committed;
-- This index gives the newest second with events. Without it, a query would search all seconds of a long catch-up.
CREATE INDEX IF NOT EXISTS event_ledger_settled ON event_ledger (second) WHERE settled > 0;

-- The newest watermark. clock_offset is the smallest recent difference between the time of receipt and the time of sending,
-- at first limited to 1 s. It contains the difference of the two clocks, so that ages never compare two clocks.
CREATE TABLE IF NOT EXISTS sync_state (
  only_row     BOOLEAN PRIMARY KEY DEFAULT true CHECK (only_row),
  measured_at  TIMESTAMPTZ,
  received_at  TIMESTAMPTZ,
  clock_offset INTERVAL,
  waiting      BIGINT NOT NULL DEFAULT 0,
  -- Ranges of seconds that were reported although a range before them is missing. Its watermark is on its way or was lost.
  told_ahead   TSTZMULTIRANGE NOT NULL DEFAULT '{}',
  -- Since when measured_at has not advanced because of such a gap. After 10 s the missing watermark is requested again.
  gap_since    TIMESTAMPTZ,
  -- The write side has deleted events that were never reported here. The views lack them until a rebuild is accepted.
  lacks_history BOOLEAN NOT NULL DEFAULT false,
  -- Problems of the write side from its newest watermark: [{ code, detail }].
  write_problems JSONB NOT NULL DEFAULT '[]'
);
INSERT INTO sync_state DEFAULT VALUES ON CONFLICT DO NOTHING;

-- The write databases that events and watermarks came from, by identity. The ledger compares only the one with `is_counted`.
-- When its history may have changed, `doubt` says why, until an operator has compared both sides.
CREATE TABLE IF NOT EXISTS sources (
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
CREATE UNIQUE INDEX IF NOT EXISTS sources_counted ON sources (is_counted) WHERE is_counted;

-- Current problems of the services, which each reports every few seconds. An old row is from a service that has ended.
CREATE TABLE IF NOT EXISTS service_problems (
  reporter      TEXT        NOT NULL,
  code          TEXT        NOT NULL,
  detail        TEXT        NOT NULL,
  first_seen_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  last_seen_at  TIMESTAMPTZ NOT NULL DEFAULT now(),
  PRIMARY KEY (reporter, code)
);

-- The archive: every event that the views include, as received. A rebuild reads it. It is append-only and partitioned by the
-- month of arrival, so that a closed month never changes and can be exported to a Parquet file. There is no DEFAULT
-- partition, because its rows would have to be moved before their month could be attached.
CREATE TABLE IF NOT EXISTS event_archive (
  event_id    UUID        NOT NULL,
  received_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  event_type  TEXT        NOT NULL,
  queue       TEXT        NOT NULL,
  occurred_at TIMESTAMPTZ NOT NULL,
  -- True for an event from the outbox.
  counted     BOOLEAN     NOT NULL,
  app_id      TEXT,
  traceparent TEXT,
  -- The received bytes. They are valid UTF-8 JSON, which TEXT stores without loss.
  body        TEXT        NOT NULL,
  PRIMARY KEY (event_id, received_at)
) PARTITION BY RANGE (received_at);

-- Months of the archive that were dropped because the lake has them. A rebuild needs them to be restored first.
CREATE TABLE IF NOT EXISTS event_archive_moved (
  month          TEXT PRIMARY KEY,
  events         BIGINT      NOT NULL,
  -- Events that are not from the outbox.
  foreign_events BIGINT      NOT NULL,
  digest         TEXT        NOT NULL,
  moved_at       TIMESTAMPTZ NOT NULL DEFAULT now()
);

-- Creates the partitions of this UTC month and the next. ATTACH does not block readers and writers of the archive, unlike
-- CREATE TABLE ... PARTITION OF. Concurrent callers wait for each other.
CREATE OR REPLACE FUNCTION create_event_archive_months() RETURNS VOID LANGUAGE plpgsql
SET DateStyle = 'ISO' SET TimeZone = 'UTC' AS $$
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
END $$;

SELECT create_event_archive_months();

-- The state of replay requests. Its only row is also the lock that lets one consumer at a time send requests.
CREATE TABLE IF NOT EXISTS replay_state (
  only_row     BOOLEAN PRIMARY KEY DEFAULT true CHECK (only_row),
  -- For events: requests since the last progress, the seconds of the last request, and the number of events missing then.
  requested_at TIMESTAMPTZ,
  attempts     INTEGER NOT NULL DEFAULT 0,
  asked_from   TIMESTAMPTZ,
  asked_until  TIMESTAMPTZ,
  missing      BIGINT  NOT NULL DEFAULT 0,
  -- For watermarks: the last request, and the number of requests since the last progress.
  tell_requested_at TIMESTAMPTZ,
  tell_attempts     INTEGER NOT NULL DEFAULT 0
);
INSERT INTO replay_state DEFAULT VALUES ON CONFLICT DO NOTHING;

-- The services that run on this database, a row per process, and their versions. Each repeats its row every few seconds and
-- deletes it at a clean stop. Whoever must wait for older services (a migration that contracts, a rebuild) reads it.
CREATE TABLE IF NOT EXISTS service_heartbeats (
  reporter     TEXT PRIMARY KEY,
  service      TEXT        NOT NULL,
  version      TEXT        NOT NULL,
  started_at   TIMESTAMPTZ NOT NULL DEFAULT now(),
  last_seen_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

-- Which views hold all that was ever applied. `complete` is false for a view, or a revision of one, that did not exist yet when
-- events were applied: those events are in the inbox, so nobody would add them later. A rebuild of the view completes it. The
-- rows below are the views of release 0.2, which every consumer fills.
CREATE TABLE IF NOT EXISTS view_history (
  view          TEXT PRIMARY KEY,
  revision      INTEGER     NOT NULL,
  complete      BOOLEAN     NOT NULL,
  registered_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  completed_at  TIMESTAMPTZ
);
INSERT INTO view_history (view, revision, complete, completed_at)
SELECT view, 1, true, now()
  FROM unnest(ARRAY['category_metrics_view', 'customer_loyalty', 'customer_ltv_view', 'daily_sales_by_branch',
                    'hourly_sales_view', 'minute_sales_view', 'orders_read', 'product_sales_daily', 'product_sales_view',
                    'products_read', 'unique_customers_daily']) AS view
ON CONFLICT DO NOTHING;

-- Registers a view, or a later revision of one, that this database does not know yet. It is complete only if no event was
-- ever applied. The lock waits for batches under way, so that none of them is overlooked. Every consumer calls this before
-- its first batch. A migration that creates a view calls it, too, so that the view is known from its first moment. The function
-- has the rights of its owner, because the role of a consumer has none on some of these tables.
CREATE OR REPLACE FUNCTION register_view(name TEXT, of_revision INTEGER) RETURNS VOID LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM public.view_history h WHERE h.view = name AND h.revision >= of_revision) THEN
    RETURN;
  END IF;
  LOCK TABLE public.processed_events IN SHARE MODE;
  INSERT INTO public.view_history AS h (view, revision, complete, completed_at)
  SELECT name, of_revision, is_empty, CASE WHEN is_empty THEN now() END
    FROM (SELECT NOT EXISTS (SELECT FROM public.processed_events) AND NOT EXISTS (SELECT FROM public.event_archive)
             AND NOT EXISTS (SELECT FROM public.event_archive_moved)
             AND NOT EXISTS (SELECT FROM public.event_ledger WHERE settled > 0) AS is_empty) AS applied
  ON CONFLICT (view) DO UPDATE SET
    revision = EXCLUDED.revision, complete = EXCLUDED.complete, registered_at = now(), completed_at = EXCLUDED.completed_at
   WHERE h.revision < EXCLUDED.revision;
END $$;

-- Runs in every transaction that applies events. The session of a consumer declares the views that its code fills, each with
-- its revision, in the setting tallyline.views. Every other view will lack these events, so it stops being complete in the
-- same transaction. Consumers of release 0.2 declare nothing and fill the views of that release. The function has the rights
-- of its owner, because the role of an old consumer may not know this table.
CREATE OR REPLACE FUNCTION mark_views_lacking_history() RETURNS TRIGGER LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  filled CONSTANT TEXT[] := string_to_array(COALESCE(NULLIF(current_setting('tallyline.views', true), ''),
    'category_metrics_view:1 customer_loyalty:1 customer_ltv_view:1 daily_sales_by_branch:1 hourly_sales_view:1 '
    'minute_sales_view:1 orders_read:1 product_sales_daily:1 product_sales_view:1 products_read:1 '
    'unique_customers_daily:1'), ' ');
BEGIN
  IF EXISTS (SELECT FROM public.view_history h WHERE h.complete AND h.view || ':' || h.revision <> ALL (filled)) THEN
    UPDATE public.view_history h SET complete = false, completed_at = NULL
     WHERE h.complete AND h.view || ':' || h.revision <> ALL (filled);
  END IF;
  RETURN NULL;
END $$;
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = 'processed_events'::regclass AND tgname = 'views_lacking_history') THEN
    CREATE TRIGGER views_lacking_history BEFORE INSERT ON processed_events
      FOR EACH STATEMENT EXECUTE FUNCTION mark_views_lacking_history();
  END IF;
END $$;

-- The readiness checks write here in transactions that are rolled back, to find out whether the disk has room.
CREATE UNLOGGED TABLE IF NOT EXISTS storage_probe (filler TEXT NOT NULL);
