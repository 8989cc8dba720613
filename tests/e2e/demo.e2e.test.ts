import { expect, test } from '@jest/globals';
import { eventually } from '@tallyline/local/testing/eventually';
import { runCommand, runDemo } from '../setup/run-command.js';
import { openSuite } from '../setup/suite.js';

const suite = await openSuite();

test('the demo creates past and present orders, and each is counted once', async () => {
  expect(await runDemo(suite, '--history', '2', '--minutes', '0.05', '--rate', '20')).toMatchObject({ code: 0 });
  await suite.inSync(60_000);
  // The ledger counts imported orders at the time of their commit, so nothing is pending for their past.
  await eventually(async () => {
    const { body } = await suite.get('/api/analytics/sync-status');
    expect(body).toMatchObject({ status: 'in-sync', pendingEvents: 0, setAsideEvents: 0 });
  });
  const { rows } = await suite.write.query('SELECT count(*) AS n, sum(total) AS revenue FROM orders');
  const { body } = await suite.get('/api/analytics/sales/daily?days=4');
  const sum = (of: 'orders' | 'revenue') =>
    body.days.reduce((all: number, day: Record<string, number>) => all + (day[of] ?? 0), 0);
  expect(sum('orders')).toBe(Number(rows[0].n));
  expect(sum('revenue')).toBeCloseTo(Number(rows[0].revenue), 2);
  expect(body.days.filter(({ orders }: { orders: number }) => orders > 100).length).toBeGreaterThanOrEqual(2);
  const { stdout, code: verified } = await runCommand(suite, 'verify');
  expect({ stdout, verified }).toMatchObject({ verified: 0 });
});

test('a second demo creates no products and no orders of the past again', async () => {
  const before = await suite.write.query('SELECT count(*) AS n FROM products');
  expect(await runDemo(suite, '--history', '2', '--minutes', '0.01')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('has orders of past days already'),
  });
  expect((await suite.write.query('SELECT count(*) AS n FROM products')).rows).toEqual(before.rows);
}, 60_000);

test.each([
  ['--rate', 'fast'],
  // A timer of this many minutes would overflow and end at once.
  ['--minutes', '40000'],
])('the demo prints its usage for a wrong option: %s %s', async (...option) => {
  expect(await runDemo(suite, ...option)).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('npm run demo'),
  });
});
