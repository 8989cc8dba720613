import { setTimeout as delay } from 'node:timers/promises';
import type { World } from '../world/world.js';
import { createSyncWitness } from './sync-witness.js';

/** Looks at the system while the fault is on. */
export interface Watch {
  readonly looks: () => number;
  /** Resolves with what it saw that must never be seen. */
  stop(): Promise<readonly string[]>;
}

const LOOK_EVERY_MS = 150;

export function startWatch(world: World, replacesHistory = false): Watch {
  const faults = new Set<string>();
  const witness = createSyncWitness(world, replacesHistory);
  let looks = 0;
  let open = true;

  /** A server that is down has nothing to tell; the next look may find it up. */
  const look = async () => {
    const above = replacesHistory ? [] : await viewsAbove(world);
    for (const fault of [...above, ...(await witness.look())]) faults.add(fault);
    looks += 1;
  };
  const run = async () => {
    while (open) {
      await look().catch(() => undefined);
      await delay(LOOK_EVERY_MS);
    }
  };
  const ended = run();
  return {
    looks: () => looks,
    stop: async () => {
      open = false;
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

/** Orders only grow: a view read first that shows more than the orders read second has counted something twice. */
async function viewsAbove(world: World): Promise<string[]> {
  const [view] = (await world.read.query(totals)).rows;
  const [orders] = (await world.write.query('SELECT count(*) AS count, sum(total) AS total FROM orders')).rows;
  const amounts = [view.ltv, view.hourly, view.read, view.categories, view.products].map(Number);
  const counts = [view.ltv_orders, view.hourly_orders, view.read_orders].map(Number);
  const shown = JSON.stringify({ view, orders });
  const faults: string[] = [];
  // Sums below 2^53 cents in doubles: half a cent of slack is beyond their error.
  if (amounts.some((amount) => amount > Number(orders.total) + 0.005))
    faults.push(`a view is above the orders: ${shown}`);
  if (counts.some((count) => count > Number(orders.count)))
    faults.push(`a view counts more orders than there are: ${shown}`);
  if (new Set(counts).size > 1 || amounts.some((amount) => Math.abs(amount - (amounts[0] ?? 0)) > 0.005)) {
    faults.push(`views of one snapshot disagree: ${shown}`);
  }
  return faults;
}
