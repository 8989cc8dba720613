import { expect } from '@jest/globals';
import { differingViews } from '../faults/oracle/views.js';
import type { Suite } from './suite.js';

/** Every view must be what the orders add up to; and every order that was answered 201 must be stored. */
export async function expectViewsEqualOrders(suite: Suite, accepted: readonly number[] = []): Promise<void> {
  expect(await differingViews(suite)).toEqual([]);
  const { rows } = await suite.write.query('SELECT count(*)::int AS n FROM orders WHERE id = ANY($1::bigint[])', [
    accepted,
  ]);
  expect(rows[0].n).toBe(accepted.length);
}
