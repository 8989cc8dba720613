import { expect } from '@jest/globals';
import { differingViews } from '../faults/oracle/views.js';
import type { Suite } from './suite.js';

/** Expects that every view is the sum of the orders, and that every order answered 201 is stored. */
export async function expectViewsEqualOrders(suite: Suite, accepted: readonly number[] = []): Promise<void> {
  expect(await differingViews(suite)).toEqual([]);
  const { rows } = await suite.write.query('SELECT count(*)::int AS n FROM orders WHERE id = ANY($1::bigint[])', [
    accepted,
  ]);
  expect(rows[0].n).toBe(accepted.length);
}
