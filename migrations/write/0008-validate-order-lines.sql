-- kind: concurrently
-- step: contract
-- Reads all lines without blocking those who write them.
ALTER TABLE order_items VALIDATE CONSTRAINT order_items_line_is_given;
ALTER TABLE order_items VALIDATE CONSTRAINT order_items_category_is_given;
