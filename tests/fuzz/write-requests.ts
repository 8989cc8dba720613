import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import type { FuzzRequest } from './fuzz-request.js';
import { mutated } from './mutate-json.js';
import { garbled, withFieldTwice } from './mutate-text.js';
import { anyHeaders, contentType, idempotencyHeader } from './odd-headers.js';
import { oddText } from './odd-values.js';

const cents = fc.oneof(fc.nat({ max: 10_000 }), fc.nat({ max: 1_000_000_000 })).map((value) => value / 100);
const productId = fc.oneof({ weight: 9, arbitrary: fc.integer({ min: 1, max: 8 }) }, fc.integer({ min: 1, max: 2000 }));
/** Each text with several spellings that look the same. */
export const spellings = {
  Café: ['Café', 'Cafe\u0301', 'Ca\u200bfé', '\u2066Café\u2069', ' Café\u00a0', '\ufeffCafe\u0301'],
  'Old Books': [
    'Old Books',
    'Old\u00a0Books',
    'Old  Books',
    'Old Bo\u00adoks',
    'O\u200dld Books',
    'Old\u3000Books\u200e',
  ],
} as const;
const name = fc.oneof(
  fc.constantFrom('Pen', '茶', '__proto__', 'constructor', 'a/b?c#d', '%', ...Object.values(spellings).flat()),
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }),
);
/** Generates the field, or leaves it out, or makes it null, which means the same as leaving it out. */
const maybe = <T>(key: string, value: fc.Arbitrary<T>) =>
  fc.oneof(
    { weight: 3, arbitrary: value.map((there) => ({ [key]: there })) },
    { weight: 1, arbitrary: fc.constantFrom({}, { [key]: null }) },
  );

const product = fc.record({
  name,
  category: name,
  price: cents,
  stock: fc.oneof(fc.nat({ max: 50 }), fc.nat({ max: 2_147_483_647 })),
});

const orderLine = fc
  .tuple(
    productId,
    fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 1, max: 5 }) }, fc.integer({ min: 1, max: 10_000 })),
    maybe('price', cents),
  )
  .map(([productId, quantity, price]) => ({ productId, quantity, ...price }));
const order = fc.record({
  customerId: fc.oneof(
    fc.integer({ min: 1, max: 30 }),
    fc
      .maxSafeNat()
      .map((id) => id + 1)
      .filter(Number.isSafeInteger),
  ),
  items: fc.oneof(
    { weight: 9, arbitrary: fc.array(orderLine, { minLength: 1, maxLength: 4 }) },
    { weight: 1, arbitrary: fc.array(orderLine, { minLength: 1, maxLength: 100, size: 'max' }) },
  ),
});

const branch = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom('downtown', 'harbour', 'uptown') },
  fc.constantFrom('Downtown', '__proto__'),
);
const purchase = fc
  .record({
    branchId: branch,
    cashierId: name,
    posId: name,
    receiptId: fc.oneof(fc.uuid(), fc.nat({ max: 200 }).map(String), name),
    items: fc.uniqueArray(
      fc.tuple(productId, cents).map(([productId, unitPrice]) => ({ productId, qty: 1, unitPrice })),
      { minLength: 1, maxLength: 6, selector: (item) => item.productId },
    ),
  })
  .chain((fields) =>
    fc
      .tuple(
        fc.oneof(
          { weight: 6, arbitrary: fc.uuid().map((idempotencyKey) => ({ idempotencyKey })) },
          fc.constantFrom({}, { idempotencyKey: null }),
        ),
        fc.oneof(
          { weight: 9, arbitrary: fc.constantFrom({}, { userId: null }) },
          fc.uuid({ version: 4 }).map((userId) => ({ userId })),
        ),
        fc.boolean(),
      )
      .map(([key, user, snake]) =>
        snake ? snakeCase({ ...fields, ...key, ...user }) : { ...fields, ...key, ...user },
      ),
  );

function snakeCase(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value).replace(
      /"(\w+)":/g,
      (_, key) => `"${key.replace(/[A-Z]/g, (c: string) => `_${c.toLowerCase()}`)}":`,
    ),
  );
}

const encodings = {
  gzip: gzipSync,
  deflate: deflateSync,
  br: brotliCompressSync,
  identity: Buffer.from,
  // The body is not encoded as these names say.
  GZIP: Buffer.from,
  compress: Buffer.from,
} as const;
const encoding = fc.oneof(
  { weight: 15, arbitrary: fc.constant(undefined) },
  fc.constantFrom(...(Object.keys(encodings) as (keyof typeof encodings)[])),
);

interface Body {
  readonly text: string;
  readonly refusedFor?: string;
}

function bodyOf(document: fc.Arbitrary<unknown>): fc.Arbitrary<Body> {
  const valid = document.map((value) => JSON.stringify(value));
  const faulty = mutated(document).map((value) => JSON.stringify(value) ?? '');
  const plain = fc.oneof(
    { weight: 5, arbitrary: valid },
    { weight: 7, arbitrary: faulty },
    { weight: 2, arbitrary: garbled(valid) },
    { weight: 1, arbitrary: oddText },
  );
  const twice = fc.tuple(valid, fc.nat()).map(([text, which]) => {
    const doubled = withFieldTwice(text, which);
    return { text: doubled, ...(doubled !== text && { refusedFor: 'a field that is there twice' }) };
  });
  return fc.oneof({ weight: 15, arbitrary: plain.map((text): Body => ({ text })) }, { weight: 1, arbitrary: twice });
}

function postTo(paths: readonly string[], document: fc.Arbitrary<unknown>): fc.Arbitrary<FuzzRequest> {
  return fc
    .tuple(fc.constantFrom(...paths), bodyOf(document), contentType, encoding, idempotencyHeader, anyHeaders)
    .map(([path, { text, refusedFor }, type, coded, key, headers]) => ({
      service: 'command',
      method: 'POST',
      path,
      headers: { ...headers, ...key, 'content-type': type, ...(coded && { 'content-encoding': coded }) },
      body: { text, sent: coded ? encodings[coded](Buffer.from(text)) : Buffer.from(text) },
      ...(refusedFor !== undefined && { refusedFor }),
    }));
}

/** Generates POST requests, valid ones and faulty ones. */
export const writeRequest: fc.Arbitrary<FuzzRequest> = fc.oneof(
  postTo(['/api/products'], product),
  postTo(['/api/orders'], order),
  postTo(['/api/purchases', '/purchases'], purchase),
);
