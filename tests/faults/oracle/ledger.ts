import type { Evidence } from './judge.js';

/** The numbers of orders that were accepted, applied, lost and counted twice. */
export interface Ledger {
  readonly requests: number;
  readonly unknown: number;
  readonly accepted: number;
  readonly applied: number;
  readonly lost: number;
  readonly doubled: number;
}

/** Compares orders by customer, so that a loss of one and a double of another do not cancel out. */
export async function readLedger({ world, requests }: Evidence): Promise<Ledger> {
  const [write, read] = await Promise.all([
    world.write.query('SELECT customer_id AS customer, count(*) AS orders FROM orders GROUP BY 1'),
    world.read.query('SELECT customer_id AS customer, order_count AS orders FROM customer_ltv_view'),
  ]);
  const applied = new Map<string, number>(read.rows.map(({ customer, orders }) => [customer, Number(orders)]));
  const rows = write.rows.map(({ customer, orders }) => Number(orders) - (applied.get(customer) ?? 0));
  const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
  return {
    requests: requests.length,
    unknown: requests.filter(({ outcome }) => outcome === 'unknown').length,
    accepted: sum(write.rows.map(({ orders }) => Number(orders))),
    applied: sum([...applied.values()]),
    lost: sum(rows.filter((difference) => difference > 0)),
    doubled: -sum(rows.filter((difference) => difference < 0)),
  };
}
