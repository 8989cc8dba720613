import type { GroupCommit } from '@tallyline/chassis/batching/group-commit';
import { Problem } from '@tallyline/chassis/http/problem';
import { type Route, route } from '@tallyline/chassis/http/route';
import { CONSISTENCY_TOKEN } from '@tallyline/contracts/consistency';
import { id, MAX_ORDER_LINES, optional, quantity, sentPrice } from '@tallyline/contracts/fields';
import { amountOf, exactCents } from '@tallyline/contracts/money';
import { z } from 'zod';
import {
  idempotencyHeaders,
  keptRefusalHeaders,
  keyProblem,
  REPLAYED_HEADER,
  requestKey,
  writtenHeaders,
} from '../idempotency/idempotency-key.js';
import type { OrderResult, Placed, PlaceOrder, PlaceOrderAnswer } from './place-order.js';

const seenPrice = optional(sentPrice).meta({
  description:
    'The price that the customer saw. The order is refused if it is not the current price. Without it, the order gets the ' +
    'current price. At most two decimals',
});

const body = z.strictObject({
  customerId: id,
  items: z
    .array(z.strictObject({ productId: id, quantity, price: seenPrice }))
    .min(1)
    .max(MAX_ORDER_LINES),
});

export function placeOrderRoute(orders: GroupCommit<PlaceOrder, PlaceOrderAnswer>): Route {
  return route(
    'post',
    '/api/orders',
    {
      summary: 'Place an order',
      headers: idempotencyHeaders,
      body,
      answer: {
        status: 201,
        description: 'The order is stored and will be counted',
        schema: z.object({ orderId: id }),
        headers: writtenHeaders,
      },
      problems: {
        409: {
          cause:
            '`type` ends in insufficient-stock, in price-differs (the answer has the current price), or in key-running: ' +
            'the first request with this key is still running',
          headers: keptRefusalHeaders,
        },
        422: '`type` ends in unknown-product, or in key-reused: the key was used with another body',
      },
    },
    async ({ body, headers, traceparent }) => {
      const lines = body.items.map(({ productId, quantity, price }) => ({
        productId,
        quantity,
        priceCents: price === undefined ? undefined : exactCents(price),
      }));
      const key = requestKey(headers['idempotency-key'], body);
      const answer = await orders.submit({ customerId: body.customerId, lines, traceparent, requestKey: key });
      if ('kind' in answer) throw keyProblem(answer.kind);
      const { result, replayed } = answer;
      const marked = replayed ? REPLAYED_HEADER : {};
      if (result.kind !== 'placed') throw refusal(result, marked);
      const { orderId, eventId } = result;
      return { body: { orderId }, headers: { ...marked, [CONSISTENCY_TOKEN]: eventId }, known: { orderId, eventId } };
    },
  );
}

/** The answer names every line at fault, and what would have been accepted. */
function refusal(decision: Exclude<OrderResult, Placed>, headers: Readonly<Record<string, string>>): Problem {
  switch (decision.kind) {
    case 'unknown-product':
      return new Problem({
        slug: decision.kind,
        headers,
        status: 422,
        detail: 'the order names products that do not exist',
        errors: decision.faults.map(({ line, productId }) => ({
          pointer: `#/items/${line}/productId`,
          detail: `there is no product ${productId}`,
        })),
      });
    case 'price-differs':
      return new Problem({
        slug: decision.kind,
        headers,
        status: 409,
        detail: 'a price has changed; repeat the order with the current price if the customer agrees',
        errors: decision.faults.map(({ line, currentPriceCents }) => ({
          pointer: `#/items/${line}/price`,
          detail: `the current price is ${amountOf(currentPriceCents).toFixed(2)}`,
        })),
        extra: {
          items: decision.faults.map(({ productId, currentPriceCents }) => ({
            productId,
            currentPrice: amountOf(currentPriceCents),
          })),
        },
      });
    case 'insufficient-stock':
      return new Problem({
        slug: decision.kind,
        headers,
        status: 409,
        detail: 'there is not enough stock',
        errors: decision.faults.map(({ line, left }) => ({
          pointer: `#/items/${line}/quantity`,
          detail: `only ${left} left`,
        })),
        extra: { items: decision.faults.map(({ productId, left }) => ({ productId, left })) },
      });
  }
}
