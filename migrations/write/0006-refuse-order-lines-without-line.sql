-- kind: transaction
-- step: contract
-- From here on, nothing can store a line without a number and a category. Existing lines are not checked yet.
ALTER TABLE order_items
  ADD CONSTRAINT order_items_line_is_given CHECK (line IS NOT NULL) NOT VALID,
  ADD CONSTRAINT order_items_category_is_given CHECK (category IS NOT NULL) NOT VALID;
