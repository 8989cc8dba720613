-- kind: transaction
-- step: contract
-- The validated constraints prove that no line has NULL, so the table is not read again.
ALTER TABLE order_items ALTER COLUMN line SET NOT NULL, ALTER COLUMN category SET NOT NULL;
ALTER TABLE order_items DROP CONSTRAINT order_items_line_is_given, DROP CONSTRAINT order_items_category_is_given;
