-- kind: transaction
-- step: expand
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
