import type { EventOf, EventType } from './events.js';

/** An ordinary event of each type, which every reader must accept. */
export const eventExamples: { readonly [T in EventType]: EventOf<T> } = {
  ProductCreated: {
    eventType: 'ProductCreated',
    occurredAt: '2026-11-20T08:00:00.000Z',
    productId: 9_007_199_254_740_901,
    name: 'Wireless Mouse',
    category: 'Accessories',
    price: 49.99,
    stock: 100,
  },
  OrderCreated: {
    eventType: 'OrderCreated',
    version: 2,
    occurredAt: '2026-11-20T08:17:46.438Z',
    orderId: 9_007_199_254_740_902,
    customerId: 9_007_199_254_740_903,
    placedAt: '2026-11-20T08:17:46.438Z',
    total: 99.98,
    items: [{ line: 1, productId: 9_007_199_254_740_901, category: 'Accessories', quantity: 2, price: 49.99 }],
  },
  PurchaseCreated: {
    eventType: 'PurchaseCreated',
    occurredAt: '2026-11-20T08:20:00.000Z',
    purchaseId: 9_007_199_254_740_904,
    branchId: 'downtown',
    day: '2026-11-20',
    cashierId: 'c-17',
    posId: 'pos-3',
    receiptId: 'R-000123',
    userId: '5f0c9a52-7d3e-4b1a-9f57-0c8d6f0a2b11',
    total: 49.99,
    items: [{ productId: 9_007_199_254_740_901, quantity: 1, price: 49.99 }],
  },
};
