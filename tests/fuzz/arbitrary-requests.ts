import fc from 'fast-check';
import type { RawRequest } from '../setup/raw-request.js';

const JSON_TYPE = 'application/json';

/** Numbers where code goes wrong: edges of integers, of cents, of int4 and int8. */
const number = fc.oneof(
  fc.integer({ min: -2, max: 12 }),
  fc.constantFrom(0.001, 0.1, 49.99, 1e7, 10_000_000.01, 2 ** 31, 2 ** 53, 2 ** 63, 1e21, -0, 5e-324, Number.MAX_VALUE),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
const text = fc.oneof(
  fc.string({ maxLength: 30 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom(
    '',
    ' ',
    '\u0000',
    '\ud800',
    "'; DROP TABLE orders; --",
    '__proto__',
    'constructor',
    '💶',
    'x'.repeat(300),
  ),
);
const scalar = fc.oneof(number, text, fc.boolean(), fc.constant(null));
const anything = fc.oneof(scalar, fc.jsonValue({ maxDepth: 3 }));

/** A right value most of the time, and anything at all the rest: a body that is all wrong ends at its first field. */
const mostly = (right: fc.Arbitrary<unknown>) =>
  fc.oneof({ weight: 6, arbitrary: right }, { weight: 1, arbitrary: anything });
const object = (fields: Record<string, fc.Arbitrary<unknown>>, optional: readonly string[] = []) => {
  const required = Object.keys(fields).filter((key) => !optional.includes(key));
  const known = fc.record(fields, { requiredKeys: required });
  const less = fc.record(fields, { requiredKeys: [] });
  const more = fc
    .tuple(known, fc.dictionary(text, anything, { maxKeys: 2 }))
    .map(([body, extra]) => ({ ...extra, ...body }));
  return fc.oneof({ weight: 6, arbitrary: known }, { weight: 1, arbitrary: less }, { weight: 1, arbitrary: more });
};

const id = fc.integer({ min: 1, max: 6 });
const amount = fc.integer({ min: 0, max: 5_000 }).map((cents) => cents / 100);
const product = object({
  name: mostly(fc.string({ minLength: 1, maxLength: 20 })),
  category: mostly(fc.constantFrom('Books', 'Toys')),
  price: mostly(amount),
  stock: mostly(fc.integer({ min: 0, max: 50 })),
});
const orderLine = object(
  { productId: mostly(id), quantity: mostly(fc.integer({ min: 1, max: 3 })), price: mostly(amount) },
  ['price'],
);
const order = object({ customerId: mostly(id), items: mostly(fc.array(mostly(orderLine), { maxLength: 4 })) });
const purchase = object(
  {
    branchId: mostly(fc.constantFrom('1', 'B1', '001')),
    cashierId: mostly(text),
    posId: mostly(text),
    receiptId: mostly(text),
    userId: mostly(fc.uuid()),
    idempotencyKey: mostly(fc.uuid()),
    items: mostly(fc.array(mostly(object({ productId: mostly(id), unitPrice: mostly(amount) })), { maxLength: 3 })),
  },
  ['idempotencyKey'],
);

/** Bytes of a body: JSON as it should be, cut short, with one byte changed, or none of it. */
const bytesOf = (body: fc.Arbitrary<unknown>) =>
  fc.tuple(body, fc.nat(), fc.nat(255), fc.nat(19)).map(([value, at, byte, how]) => {
    const bytes = Buffer.from(JSON.stringify(value) ?? 'null');
    if (how === 0) return bytes.subarray(0, at % (bytes.length + 1));
    if (how === 1 && bytes.length > 0) bytes.writeUInt8(byte, at % bytes.length);
    return bytes;
  });

/** What a header may hold at all: node refuses the rest before it is sent. */
const headerText = fc.string({
  unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
  maxLength: 40,
});
const headers = (names: readonly string[]) =>
  fc
    .record(Object.fromEntries(names.map((name) => [name, fc.oneof(headerText, fc.uuid(), fc.constant('wait=0'))])), {
      requiredKeys: [],
    })
    .map((record) => record as Record<string, string>);
const contentType = fc.oneof(
  { weight: 12, arbitrary: fc.constant(JSON_TYPE) },
  { weight: 1, arbitrary: fc.constantFrom('text/plain', 'application/json; charset=utf-16', 'application/xml', '') },
);

const post = (path: string, body: fc.Arbitrary<unknown>): fc.Arbitrary<RawRequest> =>
  fc.tuple(bytesOf(body), contentType, headers(['idempotency-key', 'traceparent'])).map(([bytes, type, more]) => ({
    method: 'POST',
    path,
    body: bytes,
    headers: { ...more, 'content-type': type },
  }));

const oddMethod: fc.Arbitrary<RawRequest> = fc
  .tuple(
    fc.constantFrom('PUT', 'DELETE', 'PATCH', 'GET', 'OPTIONS'),
    fc.constantFrom('/api/orders', '/api/products', '/nowhere'),
  )
  .map(([method, path]) => ({ method, path, headers: {} }));

export const commandRequests = fc.oneof(
  { weight: 3, arbitrary: post('/api/products', product) },
  { weight: 6, arbitrary: post('/api/orders', order) },
  { weight: 3, arbitrary: post('/api/purchases', purchase) },
  { weight: 1, arbitrary: oddMethod },
);

/** A path segment: escaped as it must be, or not, as far as a request line can carry it. */
const segment = fc.oneof(
  id.map(String),
  scalar.map((value) => encodeURIComponent(String(value).toWellFormed())),
  fc.constantFrom('%', '%00', '%E0%A4%A', '..', '%2F', '9223372036854775808', '1e3', '0x10', '-1', '+1'),
);
const paths = [
  '/api/analytics/products/{}/sales',
  '/api/analytics/categories/{}/revenue',
  '/api/analytics/customers/{}/ltv',
  '/api/analytics/branches/{}/top-products',
  '/api/analytics/branches/{}/revenue',
  '/api/products/{}',
  '/api/orders/{}',
  '/api/products',
  '/api/orders',
  '/api/analytics/sales/hourly',
  '/api/analytics/sales/daily',
  '/api/analytics/sync-status',
];
const parameter = fc.constantFrom(
  'limit',
  'after',
  'before',
  'customerId',
  'from',
  'to',
  'days',
  'date',
  'period',
  'interval',
  'limit[]',
  '',
);
const instant = fc
  .date({ noInvalidDate: false })
  .map((date) => (Number.isNaN(date.getTime()) ? 'NaN' : date.toISOString()));
const value = fc.oneof(segment, instant.map(encodeURIComponent), fc.constantFrom('2026-11-20', 'day', 'hour'));

export const queryRequests: fc.Arbitrary<RawRequest> = fc
  .tuple(
    fc.constantFrom(...paths),
    segment,
    fc.array(fc.tuple(parameter, value), { maxLength: 3 }),
    headers(['consistency-token', 'prefer', 'traceparent']),
  )
  .map(([path, part, query, sent]) => ({
    method: 'GET',
    path: path.replace('{}', part) + (query.length > 0 ? `?${query.map((pair) => pair.join('=')).join('&')}` : ''),
    // A token may make the answer wait; without a limit a run of 10,000 would take hours.
    headers: { ...sent, ...(sent['consistency-token'] !== undefined && { prefer: 'wait=0' }) },
  }));
