import type { TopSellers } from '../../src/queries/top-sellers.js';
import { element } from './element.js';
import * as format from './format.js';
import { fillTable } from './table.js';

/** Shows the best products, categories and customers of all time. The bars compare each with the first. */
export function showTops({ products, categories, customers }: TopSellers): void {
  const shareOf = (values: readonly number[]) => (value: number) => value / Math.max(...values, 0.01);
  const ofProducts = shareOf(products.map((p) => p.revenue));
  fillTable(
    element<HTMLTableElement>('#top-products table'),
    ['Product', 'Sold', 'Revenue'],
    products.map(({ productId, name, quantity, revenue }) => ({
      key: productId,
      head: name ?? `Product ${productId}`,
      cells: [format.count(quantity), format.money(revenue)],
      share: ofProducts(revenue),
    })),
    'Top products by online revenue, all time',
  );
  const ofCategories = shareOf(categories.map((c) => c.revenue));
  fillTable(
    element<HTMLTableElement>('#top-categories table'),
    ['Category', 'Revenue'],
    categories.map(({ category, revenue }) => ({
      key: category,
      head: category,
      cells: [format.money(revenue)],
      share: ofCategories(revenue),
    })),
    'Top categories by online revenue, all time',
  );
  const ofCustomers = shareOf(customers.map((c) => c.spent));
  fillTable(
    element<HTMLTableElement>('#top-customers table'),
    ['Customer', 'Last order', 'Spent'],
    customers.map(({ customerId, spent, lastOrderDate }) => ({
      key: customerId,
      head: `No. ${customerId}`,
      cells: [format.dateTime(lastOrderDate), format.money(spent)],
      share: ofCustomers(spent),
    })),
    'Top customers by what they spent online, all time',
  );
}
