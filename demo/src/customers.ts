import type { Random } from './random.js';
import type { ShelfItem } from './stock-shelves.js';

/** A customer has a favourite category, a usual size of basket, and a weight for how often they buy. */
export interface Customer {
  readonly customerId: number;
  readonly favourite: string;
  readonly basket: number;
  readonly eagerness: number;
}

const CUSTOMERS = 1_500;
const FIRST_ID = 1001;
/** The share of order lines that prefer the favourite category. */
const LOYALTY = 0.66;
const FAVOURITE_FACTOR = 5;

export function createCustomers(random: Random, shelf: readonly ShelfItem[]): Customer[] {
  const categories = [...new Set(shelf.map(({ category }) => category))];
  return Array.from({ length: CUSTOMERS }, (_, index) => ({
    customerId: FIRST_ID + index,
    favourite: random.pick(categories),
    basket: 1 + random.next() * 2.2,
    // A few regular customers buy thirty times as often as most others.
    eagerness: 1 / (0.03 + random.next()),
  }));
}

export interface Basket {
  readonly customerId: number;
  readonly items: readonly { readonly productId: number; readonly quantity: number }[];
}

export function fillBasket(
  random: Random,
  { customerId, favourite, basket }: Customer,
  shelf: readonly ShelfItem[],
): Basket {
  const lines = Math.max(1, Math.round(basket * (0.5 + random.next())));
  const items = new Map<number, number>();
  for (let line = 0; line < lines; line += 1) {
    const loyal = random.next() < LOYALTY;
    const { productId, price } = random.weighted(
      shelf,
      ({ heat, category }) => heat * (loyal && category === favourite ? FAVOURITE_FACTOR : 1),
    );
    const several = price < 30 && random.next() < 0.25 ? 1 + random.whole(3) : 1;
    items.set(productId, (items.get(productId) ?? 0) + several);
  }
  return { customerId, items: [...items].map(([productId, quantity]) => ({ productId, quantity })) };
}

/** Picks customers by eagerness with a binary search, because summing 1,500 weights for each order would be slow. */
export function pickerOf(random: Random, customers: readonly Customer[]): () => Customer {
  let sum = 0;
  const ends = customers.map(({ eagerness }) => {
    sum += eagerness;
    return sum;
  });
  return () => {
    const at = random.next() * sum;
    let low = 0;
    let high = ends.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((ends[middle] as number) > at) high = middle;
      else low = middle + 1;
    }
    return customers[low] as Customer;
  };
}
