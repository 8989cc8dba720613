import { beforeAll, expect, test } from '@jest/globals';
import { createProducts } from '../setup/order-flow.js';
import { openSuite, post } from '../setup/suite.js';
import { expectViewsEqualOrders } from '../setup/views-equal-orders.js';

const suite = await openSuite();
let commandUrls: readonly string[];
beforeAll(async () => {
  const [commands] = await Promise.all([
    Promise.all([1, 2, 3].map(() => suite.start('command-service'))),
    Promise.all([1, 2].map(() => suite.start('consumer-service'))),
  ]);
  commandUrls = [suite.command, ...commands].map(({ url }) => url);
}, 60_000);

const CLIENTS = 48;
const ORDERS_EACH = 25;

/** Makes an order whose products come in another sequence each time. Locking them in that sequence would deadlock. */
function orderOf(products: readonly number[], n: number) {
  const hot = products[0] as number;
  const chosen = [products[(n * 7) % products.length], products[(n * 5 + 3) % products.length], hot] as number[];
  const items = chosen.map((productId, line) => ({ productId, quantity: 1 + ((n + line) % 3) }));
  return { customerId: 1 + (n % 30), items: n % 2 === 0 ? items : items.reverse() };
}

test('four command-services and three consumers have no deadlock under load, and views equal the orders', async () => {
  const products = await createProducts(suite, 12);
  const accepted: number[] = [];
  const client = async (start: number) => {
    for (let n = start; n < start + ORDERS_EACH; n += 1) {
      const answer = await post(`${commandUrls[n % commandUrls.length]}/api/orders`, orderOf(products, n));
      if (answer.status === 201) accepted.push(answer.body.orderId);
      else expect([answer.status, answer.body.type]).toEqual([409, 'urn:tallyline:problem:insufficient-stock']);
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, (_, index) => client(index * ORDERS_EACH)));
  expect(accepted.length).toBeGreaterThan(0);

  await suite.inSync(60_000);
  await expectViewsEqualOrders(suite, accepted);
  for (const pool of [suite.write, suite.read]) {
    // PostgreSQL counts each deadlock that it has resolved.
    const { rows } = await pool.query('SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()');
    expect(rows).toEqual([{ deadlocks: 0 }]);
  }
}, 120_000);
