-- kind: transaction
-- step: expand

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
-- its first batch. A migration that creates a view calls it, too, so that the view is known from its first moment.
CREATE OR REPLACE FUNCTION register_view(name TEXT, of_revision INTEGER) RETURNS VOID LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM view_history h WHERE h.view = name AND h.revision >= of_revision) THEN
    RETURN;
  END IF;
  LOCK TABLE processed_events IN SHARE MODE;
  INSERT INTO view_history AS h (view, revision, complete, completed_at)
  SELECT name, of_revision, is_empty, CASE WHEN is_empty THEN now() END
    FROM (SELECT NOT EXISTS (SELECT FROM processed_events) AND NOT EXISTS (SELECT FROM event_archive)
             AND NOT EXISTS (SELECT FROM event_archive_moved)
             AND NOT EXISTS (SELECT FROM event_ledger WHERE settled > 0) AS is_empty) AS applied
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
