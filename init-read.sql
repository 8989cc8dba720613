-- The read database: what the events add up to. Applying this file twice changes nothing.
-- Totals are NUMERIC without a precision and counts BIGINT: an overflowing row would turn every later event of its key
-- into a poison message.

-- One at a time: two that create the same table at once fail. Nothing waits for long: behind what waits for a lock,
-- everybody else would wait, too.
SELECT pg_advisory_lock(hashtext('schema'));
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

-- For "the same time yesterday" and for the days of the shop's time zone: 1,440 rows a day, read by range.
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
  -- At creation; units left = initial_stock - product_sales_view.total_quantity_sold, because deltas commute.
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
-- Customers of a day, without a visit to the table. New orders go to its right end, which costs next to nothing.
CREATE INDEX IF NOT EXISTS orders_read_by_time ON orders_read (placed_at) INCLUDE (customer_id);

-- The best of each, without a look at the others, however many there are.
CREATE INDEX IF NOT EXISTS product_sales_view_by_revenue ON product_sales_view (total_revenue DESC, product_id);
CREATE INDEX IF NOT EXISTS category_metrics_view_by_revenue ON category_metrics_view (total_revenue DESC, category_name);
CREATE INDEX IF NOT EXISTS customer_ltv_view_by_spend ON customer_ltv_view (total_spent DESC, customer_id);

-- The branches are predefined. init-write.sql has the same rows: a test compares them.
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

-- A day is the branch's own. The branch comes first in each key, because every query asks for one branch.
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

-- Who came on a day. Distinct customers do not add up, so the set is kept, and beside it how many it holds.
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

-- Messages set aside, one row each until a redrive applies them. `counted` ones came from the write side's outbox: settled
-- in the ledger, which is why `forgotten` ones (discarded for good) keep their row, lest they settle once more.
CREATE TABLE IF NOT EXISTS dead_letters (
  event_id      UUID PRIMARY KEY,
  queue         TEXT        NOT NULL,
  reason        TEXT        NOT NULL,
  counted       BOOLEAN     NOT NULL,
  first_seen_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  forgotten     BOOLEAN     NOT NULL DEFAULT false
);

-- Per second of the write database's clock: events committed there (as its watermarks say) and events settled here
-- (applied or set aside, counted in the transactions that did it). A second with settled < committed is not complete.
CREATE TABLE IF NOT EXISTS event_ledger (
  second          TIMESTAMPTZ PRIMARY KEY,
  committed       BIGINT NOT NULL DEFAULT 0,
  settled         BIGINT NOT NULL DEFAULT 0,
  first_at        TIMESTAMPTZ,
  last_settled_at TIMESTAMPTZ
);
CREATE INDEX IF NOT EXISTS event_ledger_incomplete ON event_ledger (second) WHERE settled < committed;
-- What came last: views that are told of months at once would search all seconds for it.
CREATE INDEX IF NOT EXISTS event_ledger_settled ON event_ledger (second) WHERE settled > 0;

-- The newest watermark. clock_offset is the least (received - told) seen lately, 1 s at most at first: the two clocks'
-- difference plus the fastest transit, so that no age below compares two clocks.
CREATE TABLE IF NOT EXISTS sync_state (
  only_row     BOOLEAN PRIMARY KEY DEFAULT true CHECK (only_row),
  measured_at  TIMESTAMPTZ,
  received_at  TIMESTAMPTZ,
  clock_offset INTERVAL,
  waiting      BIGINT NOT NULL DEFAULT 0,
  -- Told of, too, though not what is between: a watermark is on its way, or was lost.
  told_ahead   TSTZMULTIRANGE NOT NULL DEFAULT '{}',
  -- Since when there is such a gap and measured_at stands still: after 10 s, what is between is asked for again.
  gap_since    TIMESTAMPTZ,
  -- The write side has pruned events that it never told of here: the views lack them until a rebuild is accepted.
  lacks_history BOOLEAN NOT NULL DEFAULT false,
  -- What keeps the write side from publishing, as its newest watermark says: [{ code, detail }].
  write_problems JSONB NOT NULL DEFAULT '[]'
);
-- Columns that came later. Asked for first: ALTER TABLE waits for whoever reads (a dump, for as long as it takes), and
-- everybody else behind it.
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
END $$;
INSERT INTO sync_state DEFAULT VALUES ON CONFLICT DO NOTHING;

-- The write databases that events and watermarks came from, by the identity that each has stored. One is counted: the ledger
-- compares its counts alone. Where its history may have changed, `doubt` says why, until somebody has compared both sides.
CREATE TABLE IF NOT EXISTS sources (
  source_id     UUID PRIMARY KEY,
  is_counted    BOOLEAN     NOT NULL,
  epoch         TEXT,
  wal_position  PG_LSN,
  reported_at   TIMESTAMPTZ,
  doubt         TEXT,
  -- Of a source that is not counted: its events that the views include all the same.
  events        BIGINT      NOT NULL DEFAULT 0,
  first_seen_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  last_seen_at  TIMESTAMPTZ NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX IF NOT EXISTS sources_counted ON sources (is_counted) WHERE is_counted;

-- What keeps a service from its work now, as it says itself every few seconds. A row that is old is of a service that is gone.
CREATE TABLE IF NOT EXISTS service_problems (
  reporter      TEXT        NOT NULL,
  code          TEXT        NOT NULL,
  detail        TEXT        NOT NULL,
  first_seen_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  last_seen_at  TIMESTAMPTZ NOT NULL DEFAULT now(),
  PRIMARY KEY (reporter, code)
);

-- Every event that the views include, as it was received: what a rebuild reads. Append-only. A month here is when the
-- event arrived, not when it happened, so a month that is over never changes and can leave for a Parquet file.
-- No DEFAULT partition: its rows would have to be moved before their month could be attached.
CREATE TABLE IF NOT EXISTS event_archive (
  event_id    UUID        NOT NULL,
  received_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  event_type  TEXT        NOT NULL,
  queue       TEXT        NOT NULL,
  occurred_at TIMESTAMPTZ NOT NULL,
  -- It came from the write side's outbox.
  counted     BOOLEAN     NOT NULL,
  app_id      TEXT,
  traceparent TEXT,
  -- The very bytes: what is archived was decoded as UTF-8 JSON, which TEXT holds without loss.
  body        TEXT        NOT NULL,
  PRIMARY KEY (event_id, received_at)
) PARTITION BY RANGE (received_at);

-- Months of the archive that were dropped because a data lake holds them: a rebuild needs them back first.
CREATE TABLE IF NOT EXISTS event_archive_moved (
  month          TEXT PRIMARY KEY,
  events         BIGINT      NOT NULL,
  -- Of these the write side knows nothing.
  foreign_events BIGINT      NOT NULL,
  digest         TEXT        NOT NULL,
  moved_at       TIMESTAMPTZ NOT NULL DEFAULT now()
);
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'event_archive_moved'::regclass AND attname = 'foreign_events') THEN
    ALTER TABLE event_archive_moved ADD COLUMN foreign_events BIGINT NOT NULL DEFAULT 0;
  END IF;
END $$;

-- Makes the partitions of this UTC month and the next. CREATE TABLE ... PARTITION OF would lock out every reader and writer
-- of the archive; ATTACH waits for nobody. Several callers at once take turns.
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
    -- to_regclass would answer from its cache what it found before the wait; a query sees what was committed meanwhile.
    CONTINUE WHEN EXISTS (SELECT FROM pg_class WHERE relname = partition AND relnamespace =
                            (SELECT relnamespace FROM pg_class WHERE oid = 'event_archive'::regclass));
    EXECUTE format('CREATE TABLE %I (LIKE event_archive INCLUDING ALL)', partition);
    EXECUTE format('ALTER TABLE event_archive ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', partition,
                   month AT TIME ZONE 'UTC', (month + interval '1 month') AT TIME ZONE 'UTC');
  END LOOP;
END $$;

SELECT create_event_archive_months();

-- What was asked of the write side, because it never arrived. One row, which is also the lock that lets one consumer at a
-- time ask.
CREATE TABLE IF NOT EXISTS replay_state (
  only_row     BOOLEAN PRIMARY KEY DEFAULT true CHECK (only_row),
  -- Events: rounds of requests since the last progress, the seconds asked for last, and what was missing of them.
  requested_at TIMESTAMPTZ,
  attempts     INTEGER NOT NULL DEFAULT 0,
  asked_from   TIMESTAMPTZ,
  asked_until  TIMESTAMPTZ,
  missing      BIGINT  NOT NULL DEFAULT 0,
  -- Watermarks.
  tell_requested_at TIMESTAMPTZ,
  tell_attempts     INTEGER NOT NULL DEFAULT 0
);
DO $$ BEGIN
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
INSERT INTO replay_state DEFAULT VALUES ON CONFLICT DO NOTHING;

-- The services' readiness checks write here, in transactions that are rolled back, to find out whether the disk has room.
CREATE UNLOGGED TABLE IF NOT EXISTS storage_probe (filler TEXT NOT NULL);
