import type { Branch } from '../branches/branches.sql.js';
import type { RequestKey } from '../idempotency/idempotency-key.js';

/** The rules of a purchase, as pure functions. Stock is not checked, because the till has already sold the products. */

export interface Purchase {
  readonly branchId: string;
  readonly cashierId: string;
  readonly posId: string;
  readonly receiptId: string;
  /** Undefined for a new customer. */
  readonly userId: string | undefined;
  /** One unit of each product, at the price that was charged. */
  readonly items: readonly { readonly productId: number; readonly priceCents: number }[];
  readonly requestKey: RequestKey;
}

/** The answer to the till. */
export interface RecordedPurchase {
  readonly purchaseId: number;
  readonly userId: string;
  readonly receiptId: string;
  readonly totalCents: number;
  readonly eventId: string;
}

/** A stored purchase with the same key, or the same receipt of the same branch, as the new one. */
export interface EarlierPurchase extends RecordedPurchase, RequestKey {}

export type Repeat =
  | { readonly kind: 'replayed'; readonly purchase: RecordedPurchase }
  | { readonly kind: 'key-reused' }
  | { readonly kind: 'receipt-taken'; readonly purchaseId: number };

export type PurchaseDecision =
  | Repeat
  | { readonly kind: 'accepted'; readonly branch: Branch; readonly totalCents: number }
  | { readonly kind: 'unknown-branch'; readonly branchIds: readonly string[] }
  | { readonly kind: 'unknown-customer' }
  | { readonly kind: 'unknown-product'; readonly lines: readonly number[] };

/** Decides whether a purchase repeats an earlier one. Returns undefined when none has the same key or receipt. */
export function decideRepeat({ requestKey }: Purchase, earlier: readonly EarlierPurchase[]): Repeat | undefined {
  const sameKey = earlier.find(({ key }) => key === requestKey.key);
  if (sameKey !== undefined) {
    const same = requestKey.fingerprint.equals(sameKey.fingerprint);
    return same ? { kind: 'replayed', purchase: sameKey } : { kind: 'key-reused' };
  }
  const [sameReceipt] = earlier;
  return sameReceipt && { kind: 'receipt-taken', purchaseId: sameReceipt.purchaseId };
}

export interface Known {
  readonly branches: readonly Branch[];
  readonly productIds: ReadonlySet<number>;
  readonly customer: boolean;
}

export function decidePurchase(
  purchase: Purchase,
  earlier: readonly EarlierPurchase[],
  { branches, productIds, customer }: Known,
): PurchaseDecision {
  const repeat = decideRepeat(purchase, earlier);
  if (repeat !== undefined) return repeat;
  const branch = branches.find(({ branchId }) => branchId === purchase.branchId);
  if (branch === undefined) return { kind: 'unknown-branch', branchIds: branches.map(({ branchId }) => branchId) };
  if (purchase.userId !== undefined && !customer) return { kind: 'unknown-customer' };
  const lines = purchase.items.flatMap(({ productId }, line) => (productIds.has(productId) ? [] : [line]));
  if (lines.length > 0) return { kind: 'unknown-product', lines };
  return { kind: 'accepted', branch, totalCents: purchase.items.reduce((sum, { priceCents }) => sum + priceCents, 0) };
}
