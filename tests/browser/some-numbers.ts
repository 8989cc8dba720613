import type { Parts } from '../../query-service/src/live/parts.js';

/** Returns the fixed numbers of a shop on an afternoon in UTC. `scale` multiplies the amounts, to make them longer. */
export function someNumbers({ scale = 1, at = '2026-11-20T14:23:05.000Z' } = {}): Parts {
  const cents = (value: number) => Math.round(value * scale * 100) / 100;
  const now = new Date(at);
  const currentHour = now.getUTCHours();
  const revenueAt = (hour: number) => 40 + 37 * ((hour * 7) % 11) + (hour > 8 ? 150 : 0);
  const hourOf = (revenue: number) => ({ revenue: cents(revenue), orders: Math.ceil(revenue / 60), newCustomers: 2 });
  const hours = Array.from({ length: 24 }, (_, hour) => ({
    hour,
    today:
      hour > currentHour
        ? { revenue: 0, orders: 0, newCustomers: 0 }
        : hourOf(hour === currentHour ? 61 : revenueAt(hour + 3)),
    yesterday: hourOf(revenueAt(hour)),
  }));
  const sum = (of: (hour: (typeof hours)[number]) => number) => hours.reduce((all, hour) => all + of(hour), 0);
  const today = totals(
    sum((h) => h.today.revenue),
    sum((h) => h.today.orders),
  );
  const dayBefore = (days: number) => new Date(now.getTime() - days * 86_400_000).toISOString().slice(0, 10);
  const figures = (daysAgo: number, revenue: number) => ({
    day: dayBefore(daysAgo),
    revenue: cents(revenue),
    items: 90,
    purchases: 61,
    uniqueCustomers: 48,
  });
  const product = (n: number) => ({ productId: n, name: PRODUCTS[n % PRODUCTS.length] ?? null });
  const soldAtTill = Array.from({ length: 6 }, (_, n) => ({
    ...product(n),
    units: 30 - 4 * n,
    revenue: cents(900 - 130 * n),
  }));
  const best = (from: string) => ({
    from,
    to: dayBefore(0),
    week: '2026-W47',
    byUnits: soldAtTill,
    byRevenue: soldAtTill,
  });
  return {
    freshness: {
      status: 'in-sync',
      reasons: [],
      lagSeconds: 0,
      pendingEvents: 0,
      waitingInOutbox: 0,
      setAsideEvents: 0,
      parkedEvents: 0,
      lacksHistory: false,
      viewsLackingHistory: [],
      completeUpTo: at,
      lastProcessedEventTimestamp: at,
    },
    today: {
      timeZone: 'UTC',
      asOf: at,
      today,
      yesterdayBySameTime: totals(today.revenue * 0.87, Math.round(today.orders * 0.9)),
      hours,
      currentHour: { hour: currentHour, yesterdayBySameTime: { revenue: cents(83), orders: 2 } },
    },
    days: {
      timeZone: 'UTC',
      days: Array.from({ length: 30 }, (_, n) => ({
        day: dayBefore(29 - n),
        orders: n === 29 ? today.orders : 110 + ((n * 13) % 29),
        revenue: n === 29 ? today.revenue : cents(4_100 + 310 * ((n * 5) % 9)),
      })),
    },
    top: {
      products: Array.from({ length: 8 }, (_, n) => ({
        ...product(n),
        revenue: cents(41_000 - 4_300 * n),
        quantity: 900 - 90 * n,
        orders: 700 - 70 * n,
      })),
      categories: CATEGORIES.map((category, n) => ({
        category,
        revenue: cents(90_000 - 9_000 * n),
        orders: 1_500 - 100 * n,
      })),
      customers: Array.from({ length: 8 }, (_, n) => ({
        customerId: 801 + 17 * n,
        spent: cents(5_200 - 410 * n),
        orders: 31 - 2 * n,
        lastOrderDate: new Date(now.getTime() - n * 7_000_000).toISOString(),
      })),
    },
    branches: [
      { branchId: 'downtown', name: 'Downtown', timeZone: 'Europe/Berlin' },
      { branchId: 'harbour', name: 'Harbour', timeZone: 'Europe/Lisbon' },
      { branchId: 'uptown', name: 'Uptown', timeZone: 'America/New_York' },
    ].map((branch, n) => ({
      ...branch,
      ...figures(0, 1_900 - 300 * n),
      weekBefore: figures(7, 2_700),
      dayBefore: figures(1, 2_800 + 100 * n),
      dayBeforeWeekBefore: figures(8, 2_600),
      bestOfDay: best(dayBefore(0)),
      bestOfWeek: best(dayBefore(4)),
      loyalCustomers: Array.from({ length: 6 }, (_, customer) => ({
        userId: `0199a2b4-7a3e-4c5d-8e6f-00112233445${customer}`,
        purchases: 19 - customer,
        totalSpent: cents(800 - 90 * customer),
        lastPurchaseAt: new Date(now.getTime() - customer * 5_000_000).toISOString(),
      })),
      uniqueCustomersByDay: Array.from({ length: 14 }, (_, day) => ({
        day: dayBefore(13 - day),
        uniqueCustomers: 40 + ((day * 7) % 13),
      })),
    })),
  };
}

const PRODUCTS = [
  'Wireless Mouse',
  'Atlas of Remote Islands',
  'Tea',
  'Standing Desk, Oak',
  'Lamp',
  'Notebook A5',
  'Pen',
  'Kettle',
];
const CATEGORIES = ['Accessories', 'Books and Stationery', 'Kitchen', 'Furniture', 'Light', 'Office', 'Garden', 'Toys'];

function totals(revenue: number, orders: number) {
  const rounded = Math.round(revenue * 100) / 100;
  return {
    revenue: rounded,
    orders,
    averageOrder: orders === 0 ? null : Math.round((rounded / orders) * 100) / 100,
    customers: Math.ceil(orders * 0.8),
  };
}

/** Returns the numbers of a shop that has sold nothing or, with `tills`, nothing online. */
export function emptyNumbers({ tills }: { readonly tills: boolean }): Parts {
  const { freshness, today, days, branches } = someNumbers();
  const none = { revenue: 0, orders: 0, newCustomers: 0 };
  const nothing = { revenue: 0, orders: 0, averageOrder: null, customers: 0 };
  return {
    freshness,
    today: {
      ...today,
      today: nothing,
      yesterdayBySameTime: nothing,
      hours: today.hours.map(({ hour }) => ({ hour, today: none, yesterday: none })),
      currentHour: { ...today.currentHour, yesterdayBySameTime: { revenue: 0, orders: 0 } },
    },
    days: { ...days, days: days.days.map((day) => ({ ...day, orders: 0, revenue: 0 })) },
    top: { products: [], categories: [], customers: [] },
    branches: tills ? branches : branches.map((branch) => ({ ...branch, loyalCustomers: [] })),
  };
}
