-- kind: concurrently
-- step: expand
-- The backfill finds the next lines by this index. Without it, each batch would read all lines that are filled already.
CREATE INDEX CONCURRENTLY IF NOT EXISTS order_items_to_fill ON order_items (id) WHERE line IS NULL OR category IS NULL;
