import { setTimeout as delay } from 'node:timers/promises';
import type { World } from '../world/world.js';
import { createSyncWitness } from './sync-witness.js';

/** Looks at the views and at sync-status during a fault. */
export interface Watch {
  readonly looks: () => number;
  /** Ends the looks and returns the faults that they found. */
  stop(): Promise<readonly string[]>;
}

const LOOK_EVERY_MS = 150;

export function startWatch(world: World, replacesHistory = false): Watch {
  const faults = new Set<string>();
  const witness = createSyncWitness(world, replacesHistory);
  let looks = 0;
  let isOpen = true;

  /** Throws while a server is down; the next look may find it up. */
  const look = async () => {
    const above = replacesHistory ? [] : await viewsAbove(world);
    for (const fault of [...above, ...(await witness.look())]) faults.add(fault);
    looks += 1;
  };
  const run = async () => {
    while (isOpen) {
      await look().catch(() => undefined);
      await delay(LOOK_EVERY_MS);
    }
  };
  const ended = run();
  return {
    looks: () => looks,
    stop: async () => {
      isOpen = false;
      await ended;
      return [...faults];
    },
  };
}

const totals = `
  SELECT (SELECT sum(order_count) FROM customer_ltv_view) AS ltv_orders, (SELECT sum(total_spent) FROM customer_ltv_view) AS ltv,
         (SELECT sum(total_orders) FROM hourly_sales_view) AS hourly_orders, (SELECT sum(total_revenue) FROM hourly_sales_view) AS hourly,
         (SELECT count(*) FROM orders_read) AS read_orders, (SELECT sum(total) FROM orders_read) AS read,
         (SELECT sum(total_revenue) FROM category_metrics_view) AS categories,
         (SELECT sum(total_revenue) FROM product_sales_view) AS products`;

/** Reads a view first and the orders second. Orders only grow, so a view above them has counted an order twice. */
async function viewsAbove(world: World): Promise<string[]> {
  const [view] = (await world.read.query(totals)).rows;
  const [orders] = (await world.write.query('SELECT count(*) AS count, sum(total) AS total FROM orders')).rows;
  const amounts = [view.ltv, view.hourly, view.read, view.categories, view.products].map(Number);
  const counts = [view.ltv_orders, view.hourly_orders, view.read_orders].map(Number);
  const shown = JSON.stringify({ view, orders });
  const faults: string[] = [];
  // The sums are doubles below 2^53 cents, so their error is less than half a cent.
  if (amounts.some((amount) => amount > Number(orders.total) + 0.005))
    faults.push(`a view is above the orders: ${shown}`);
  if (counts.some((count) => count > Number(orders.count)))
    faults.push(`a view counts more orders than there are: ${shown}`);
  if (new Set(counts).size > 1 || amounts.some((amount) => Math.abs(amount - (amounts[0] ?? 0)) > 0.005)) {
    faults.push(`views of one snapshot disagree: ${shown}`);
  }
  return faults;
}
