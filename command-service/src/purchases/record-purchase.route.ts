import { Problem } from '@tallyline/chassis/http/problem';
import { type Route, route } from '@tallyline/chassis/http/route';
import { invalidInput } from '@tallyline/chassis/http/validation';
import { CONSISTENCY_TOKEN } from '@tallyline/contracts/consistency';
import { amount, id } from '@tallyline/contracts/fields';
import { amountOf, exactCents } from '@tallyline/contracts/money';
import { z } from 'zod';
import {
  idempotencyHeaders,
  keyProblem,
  REPLAYED_HEADER,
  type RequestKey,
  requestKey,
  writtenHeaders,
} from '../idempotency/idempotency-key.js';
import type { WriteDatabase } from '../outbox/emit.js';
import { type PurchaseBody, purchaseBody } from './purchase-body.js';
import { type Clock, type RecordPurchaseResult, recordPurchase } from './record-purchase.js';

const answer = z.object({ purchaseId: id, userId: z.uuid(), receiptId: z.string(), total: amount });

/** Tills may use either path. */
export function recordPurchaseRoutes(database: WriteDatabase, clock?: Clock): Route[] {
  return ['/api/purchases', '/purchases'].map((path) =>
    route(
      'post',
      path,
      {
        summary: 'Record a purchase at a till',
        description:
          'An idempotency key is required, as `idempotencyKey` or as the header Idempotency-Key. If both are sent, they must ' +
          'be equal. A purchase has at most one unit of a product, so no product may appear twice. Fields may be in snake ' +
          'case, too (`branch_id`, `unit_price`); a refusal names them in camel case.',
        headers: idempotencyHeaders,
        body: purchaseBody,
        answer: {
          status: 201,
          description: 'The purchase is stored and will be counted',
          schema: answer,
          headers: writtenHeaders,
        },
        problems: {
          409: '`type` ends in receipt-taken: the receipt was recorded with another key',
          422:
            '`type` ends in unknown-branch, unknown-customer or unknown-product, or in key-reused: the key was used ' +
            'with another purchase',
        },
      },
      async ({ body, headers, traceparent }) => {
        const { branchId, cashierId, posId } = body;
        const result = await recordPurchase(
          database,
          {
            branchId,
            cashierId,
            posId,
            receiptId: body.receiptId,
            userId: body.userId,
            items: body.items.map(({ productId, unitPrice }) => ({ productId, priceCents: exactCents(unitPrice) })),
            requestKey: keyOf(body, headers['idempotency-key']),
          },
          traceparent,
          clock,
        );
        if (result.kind !== 'recorded' && result.kind !== 'replayed') throw refusal(result, body);
        const { purchaseId, userId, receiptId, totalCents, eventId } = result.purchase;
        return {
          body: { purchaseId, userId, receiptId, total: amountOf(totalCents) },
          known: { purchaseId, eventId },
          headers: { ...(result.kind === 'replayed' && REPLAYED_HEADER), [CONSISTENCY_TOKEN]: eventId },
        };
      },
    ),
  );
}

const KEY = '#/idempotencyKey';

/** The key may be in the body or in the header. The fingerprint covers all fields but the key. */
function keyOf({ idempotencyKey, ...content }: PurchaseBody, header: string | undefined): RequestKey {
  if (idempotencyKey !== undefined && header !== undefined && idempotencyKey !== header) {
    throw invalidInput([{ pointer: KEY, detail: 'differs from the header Idempotency-Key' }]);
  }
  const key = requestKey(idempotencyKey ?? header, content);
  if (key === undefined) {
    throw invalidInput([{ pointer: KEY, detail: 'is required here or as the header Idempotency-Key' }]);
  }
  return key;
}

function refusal(
  result: Exclude<RecordPurchaseResult, { kind: 'recorded' | 'replayed' }>,
  { branchId, receiptId, userId, items }: PurchaseBody,
): Problem {
  switch (result.kind) {
    case 'key-reused':
      return keyProblem(result.kind);
    case 'receipt-taken':
      return new Problem({
        slug: result.kind,
        status: 409,
        detail: `receipt ${receiptId} of ${branchId} is purchase ${result.purchaseId}, recorded with another key`,
        errors: [{ pointer: '#/receiptId', detail: `belongs to purchase ${result.purchaseId}` }],
        extra: { purchaseId: result.purchaseId },
      });
    case 'unknown-branch': {
      const detail = `there is no branch ${JSON.stringify(branchId)}; the branches are ${result.branchIds.join(', ')}`;
      return unknown(result.kind, detail, [{ pointer: '#/branchId', detail }], { branches: result.branchIds });
    }
    case 'unknown-customer': {
      const detail = `there is no customer ${userId}; leave userId out for a new one`;
      return unknown(result.kind, detail, [{ pointer: '#/userId', detail }]);
    }
    case 'unknown-product':
      return unknown(
        result.kind,
        'the purchase names products that do not exist',
        result.lines.map((line) => ({
          pointer: `#/items/${line}/productId`,
          detail: `there is no product ${items[line]?.productId}`,
        })),
      );
  }
}

function unknown(
  slug: string,
  detail: string,
  errors: readonly { pointer: string; detail: string }[],
  extra: Readonly<Record<string, unknown>> = {},
): Problem {
  return new Problem({ slug, status: 422, detail, errors, extra });
}
