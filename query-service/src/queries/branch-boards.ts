import type { Queryable } from '@tallyline/chassis/postgres/pool';
import { z } from 'zod';
import { addDays } from '../day-range.js';
import { branchesSideBySide, branchFigures, readBranches } from './branches-side-by-side.js';
import { loyalCustomers, readLoyalCustomers } from './customer-loyalty.js';
import { branchTopProducts, readTopProducts } from './product-sales-daily.js';
import { readUniqueCustomers, uniqueCustomers } from './unique-customers-daily.js';

const ROWS = 6;
const DAYS = 14;

/**
 * Each branch as the page shows it, with the answers of all its calls. `dayBefore` and `dayBeforeWeekBefore` are complete days,
 * because a fair comparison needs two complete days.
 */
export const branchBoards = z.array(
  branchesSideBySide.element.extend({
    timeZone: z.string(),
    dayBefore: branchFigures,
    dayBeforeWeekBefore: branchFigures,
    bestOfDay: branchTopProducts,
    bestOfWeek: branchTopProducts,
    loyalCustomers,
    uniqueCustomersByDay: uniqueCustomers,
  }),
);

export type BranchBoards = z.infer<typeof branchBoards>;

export async function readBranchBoards(db: Queryable): Promise<BranchBoards> {
  const branches = await readBranches(db);
  return Promise.all(
    branches.map(async ({ branchId, name, timeZone, ofDay }) => {
      const { day } = ofDay(0);
      const firstDay = addDays(day, 1 - DAYS);
      const [bestOfDay, bestOfWeek, loyal, byDay] = await Promise.all([
        readTopProducts(db, branchId, 'day', day, ROWS),
        readTopProducts(db, branchId, 'week', day, ROWS),
        readLoyalCustomers(db, branchId, ROWS),
        readUniqueCustomers(db, branchId, firstDay, day),
      ]);
      return {
        branchId,
        name,
        timeZone,
        ...ofDay(0),
        weekBefore: ofDay(7),
        dayBefore: ofDay(1),
        dayBeforeWeekBefore: ofDay(8),
        bestOfDay,
        bestOfWeek,
        loyalCustomers: loyal,
        uniqueCustomersByDay: byDay,
      };
    }),
  );
}
