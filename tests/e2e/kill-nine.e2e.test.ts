import { beforeAll, describe, expect, test } from '@jest/globals';
import { eventually } from '@tallyline/local/testing/eventually';
import { createProducts, startOrderFlow } from '../setup/order-flow.js';
import { openSuite } from '../setup/suite.js';
import { expectViewsEqualOrders } from '../setup/views-equal-orders.js';

const suite = await openSuite();
let products: number[];
beforeAll(async () => {
  products = await createProducts(suite, 6);
});

async function ordersStored(atLeast: number): Promise<void> {
  await eventually(async () => {
    const { rows } = await suite.write.query('SELECT count(*)::int AS n FROM orders');
    expect(rows[0].n).toBeGreaterThanOrEqual(atLeast);
  });
}

async function count(): Promise<number> {
  return (await suite.write.query('SELECT count(*)::int AS n FROM orders')).rows[0].n;
}

describe('kill -9 under load:', () => {
  test.each(['consumer', 'query'] as const)(
    'views equal the orders to the cent after %s-service was killed and started again',
    async (role) => {
      const before = await count();
      const flow = startOrderFlow(suite, products);
      await ordersStored(before + 50);
      await suite[role].kill();
      await ordersStored(before + 100);
      await suite.start(suite[role].name);
      const accepted = await flow.end();
      await suite.inSync(20_000);
      await expectViewsEqualOrders(suite, accepted);
    },
  );

  test('views equal the orders to the cent after command-service was killed while a second copy goes on', async () => {
    const before = await count();
    const survivor = await suite.start('command-service');
    const flow = startOrderFlow(suite, products);
    await ordersStored(before + 50);
    await suite.command.kill();
    const accepted = await flow.end();
    expect(accepted.length).toBeGreaterThan(0);
    await suite.inSync(20_000);
    await expectViewsEqualOrders(suite, accepted);
    await survivor.stop();
  });
});
