import { type Pool, withTransaction } from '@tallyline/chassis/postgres';
import { amountOf } from '@tallyline/contracts/money';
import { insertOutboxRow } from '../outbox/outbox.sql.js';
import { outboxRow } from '../outbox/outbox-row.js';
import { insertProduct, type NewProduct } from './products.sql.js';

/** Stores a product and the event that tells of it, in one transaction. */
export async function createProduct(
  pool: Pool,
  product: NewProduct,
  traceparent: string,
): Promise<{ productId: number; eventId: string }> {
  return withTransaction(pool, 'create product', async (tx) => {
    const { id, createdAt } = await insertProduct(tx, product);
    const { name, category, priceCents, stock } = product;
    const row = outboxRow(
      'ProductCreated',
      { productId: id, name, category, price: amountOf(priceCents), stock },
      createdAt,
      traceparent,
    );
    await insertOutboxRow(tx, row);
    return { productId: id, eventId: row.id };
  });
}
