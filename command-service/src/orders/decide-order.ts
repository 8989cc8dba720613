import type { LockedProduct } from '../products/products.sql.js';

/** The rules of an order, as a pure function from the locked products to a decision. */

export interface OrderLine {
  readonly productId: number;
  readonly quantity: number;
  /** The price that the customer saw, if the client sent it. */
  readonly priceCents: number | undefined;
}

export interface AcceptedLine {
  readonly productId: number;
  readonly category: string;
  readonly quantity: number;
  readonly priceCents: number;
}

export interface LineFault {
  /** Index of the line in the order. */
  readonly line: number;
  readonly productId: number;
}

export interface AcceptedOrder {
  readonly kind: 'accepted';
  readonly lines: readonly AcceptedLine[];
  readonly totalCents: number;
}

export type OrderDecision =
  | AcceptedOrder
  | { readonly kind: 'unknown-product'; readonly faults: readonly LineFault[] }
  | { readonly kind: 'price-differs'; readonly faults: readonly (LineFault & { readonly currentPriceCents: number })[] }
  | { readonly kind: 'insufficient-stock'; readonly faults: readonly (LineFault & { readonly left: number })[] };

/** Decides one order and, if it is accepted, takes its units from the catalogue. A refusal takes nothing. */
export function decideOrder(lines: readonly OrderLine[], catalogue: ReadonlyMap<number, LockedProduct>): OrderDecision {
  const unknown: LineFault[] = [];
  const differs: (LineFault & { currentPriceCents: number })[] = [];
  const accepted: AcceptedLine[] = [];
  const wanted = new Map<number, number>();
  let totalCents = 0;

  lines.forEach(({ productId, quantity, priceCents: seen }, line) => {
    const product = catalogue.get(productId);
    if (product === undefined) {
      unknown.push({ line, productId });
      return;
    }
    const { category, priceCents } = product;
    if (seen !== undefined && seen !== priceCents) differs.push({ line, productId, currentPriceCents: priceCents });
    wanted.set(productId, (wanted.get(productId) ?? 0) + quantity);
    totalCents += quantity * priceCents;
    accepted.push({ productId, category, quantity, priceCents });
  });
  if (unknown.length > 0) return { kind: 'unknown-product', faults: unknown };
  if (differs.length > 0) return { kind: 'price-differs', faults: differs };

  const short = lines.flatMap(({ productId }, line) => {
    const left = catalogue.get(productId)?.stock ?? 0;
    return (wanted.get(productId) ?? 0) > left ? [{ line, productId, left }] : [];
  });
  if (short.length > 0) return { kind: 'insufficient-stock', faults: short };

  for (const [productId, quantity] of wanted) {
    const product = catalogue.get(productId);
    if (product) product.stock -= quantity;
  }
  return { kind: 'accepted', lines: accepted, totalCents };
}
