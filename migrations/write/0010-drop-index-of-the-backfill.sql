-- kind: concurrently
-- step: contract
DROP INDEX CONCURRENTLY IF EXISTS order_items_to_fill;
