-- kind: backfill
-- step: contract
-- batch: 1000
-- Fills the lines that services of release 0.2 stored after the first backfill, in the same way.
WITH batch AS (
  SELECT id FROM order_items WHERE line IS NULL OR category IS NULL ORDER BY id LIMIT :batch FOR NO KEY UPDATE
)
UPDATE order_items i
   SET line = (SELECT count(*) FROM order_items other WHERE other.order_id = i.order_id AND other.id <= i.id),
       category = COALESCE(
         (SELECT item ->> 'category'
            FROM orders o,
                 outbox e,
                 jsonb_array_elements(e.payload -> 'items') AS item
           WHERE o.id = i.order_id
             AND e.id >= (lpad(to_hex((extract(epoch FROM o.created_at) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
             AND e.id < (lpad(to_hex((extract(epoch FROM o.created_at) * 1000)::bigint + 1), 12, '0') || repeat('0', 20))::uuid
             AND e.topic = 'order.created'
             AND (e.payload ->> 'orderId')::bigint = o.id
             AND (item ->> 'productId')::bigint = i.product_id
           LIMIT 1),
         p.category)
  FROM batch, products p
 WHERE i.id = batch.id AND p.id = i.product_id;
