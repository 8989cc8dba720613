-- kind: transaction
-- step: expand
-- The number of a line in its order, from 1 on, and its category as sold. Services of release 0.2 insert lines without them, so
-- both may be NULL until the contract step.
ALTER TABLE order_items ADD COLUMN IF NOT EXISTS line INTEGER, ADD COLUMN IF NOT EXISTS category TEXT;
