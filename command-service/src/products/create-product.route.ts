import { type Route, route } from '@tallyline/chassis/http/route';
import { CONSISTENCY_TOKEN } from '@tallyline/contracts/consistency';
import { category, id, productName, sentPrice, stock } from '@tallyline/contracts/fields';
import { exactCents } from '@tallyline/contracts/money';
import { z } from 'zod';
import {
  idempotencyHeaders,
  keyInUseHeaders,
  keyProblem,
  REPLAYED_HEADER,
  requestKey,
  writtenHeaders,
} from '../idempotency/idempotency-key.js';
import type { WriteDatabase } from '../outbox/emit.js';
import { createProduct } from './create-product.js';

const body = z.strictObject({ name: productName, category, price: sentPrice, stock });

export function createProductRoute(database: WriteDatabase): Route {
  return route(
    'post',
    '/api/products',
    {
      summary: 'Add a product to the catalogue',
      headers: idempotencyHeaders,
      body,
      answer: {
        status: 201,
        description: 'The product is stored',
        schema: z.object({ productId: id }),
        headers: writtenHeaders,
      },
      problems: {
        409: {
          cause: '`type` ends in key-running: the first request with this key is still running',
          headers: keyInUseHeaders,
        },
        422: '`type` ends in key-reused: the key was used with another body',
      },
    },
    async ({ body, headers, traceparent }) => {
      const { name, category, price, stock } = body;
      const product = { name, category, priceCents: exactCents(price), stock };
      const key = requestKey(headers['idempotency-key'], body);
      const answer = await createProduct(database, product, { traceparent, requestKey: key });
      if ('kind' in answer) throw keyProblem(answer.kind);
      const { productId, eventId } = answer.result;
      return {
        body: { productId },
        headers: { ...(answer.replayed && REPLAYED_HEADER), [CONSISTENCY_TOKEN]: eventId },
        known: { productId, eventId },
      };
    },
  );
}
