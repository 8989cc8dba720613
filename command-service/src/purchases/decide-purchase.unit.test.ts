import { expect, test } from '@jest/globals';
import { decidePurchase, type EarlierPurchase, type Purchase } from './decide-purchase.js';

const fingerprint = Buffer.from('this body');
const purchase: Purchase = {
  branchId: 'downtown',
  cashierId: 'c',
  posId: 'p',
  receiptId: 'R-1',
  userId: undefined,
  items: [
    { productId: 1, priceCents: 1_050 },
    { productId: 2, priceCents: 5 },
  ],
  requestKey: { key: 'k', fingerprint },
};
const downtown = { branchId: 'downtown', name: 'Downtown', timeZone: 'UTC' };
const known = { branches: [downtown], productIds: new Set([1, 2]), customer: true };
const earlier = (key: string, body: Buffer): EarlierPurchase => ({
  purchaseId: 7,
  userId: 'u',
  receiptId: 'R-1',
  totalCents: 1_055,
  eventId: 'e',
  key,
  fingerprint: body,
});

test('accepts a purchase at the prices that were charged', () => {
  expect(decidePurchase(purchase, [], known)).toEqual({ kind: 'accepted', branch: downtown, totalCents: 1_055 });
});

test.each([
  ['the same key and the same body', earlier('k', fingerprint), { kind: 'replayed', purchase: { purchaseId: 7 } }],
  ['the same key and another body', earlier('k', Buffer.from('another')), { kind: 'key-reused' }],
  ['another key and the same receipt', earlier('other', fingerprint), { kind: 'receipt-taken', purchaseId: 7 }],
])('decides by the stored purchase before anything else when it has %s', (_what, stored, decision) => {
  const nothing = { branches: [], productIds: new Set<number>(), customer: false };
  expect(decidePurchase(purchase, [stored], nothing)).toMatchObject(decision);
});

test('replays the purchase with the same key even when another purchase has the same receipt', () => {
  const both = [earlier('other', fingerprint), earlier('k', fingerprint)];
  expect(decidePurchase(purchase, both, known)).toMatchObject({ kind: 'replayed' });
});

test.each([
  ['the branch', { ...known, branches: [] }, purchase, { kind: 'unknown-branch' }],
  ['the customer', { ...known, customer: false }, { ...purchase, userId: 'u' }, { kind: 'unknown-customer' }],
  ['a product', { ...known, productIds: new Set([1]) }, purchase, { kind: 'unknown-product', lines: [1] }],
])('refuses a purchase when %s is unknown', (_what, facts, asked, decision) => {
  expect(decidePurchase(asked, [], facts)).toMatchObject(decision);
});
