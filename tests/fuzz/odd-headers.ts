import fc from 'fast-check';

const uuids = ['0199a2b4-7a3e-7c5d-8e6f-001122334455', '00000000-0000-0000-0000-000000000000'];
const trace = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

/** Generates header values of bytes that HTTP allows, also beyond ASCII. */
const headerText = fc.string({
  unit: fc
    .integer({ min: 0x20, max: 0xff })
    .filter((code) => code !== 0x7f)
    .map((code) => String.fromCharCode(code)),
  maxLength: 300,
});

function sometimes(name: string, ...values: readonly string[]) {
  return fc
    .option(fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...values) }, { weight: 1, arbitrary: headerText }), {
      freq: 6,
    })
    .map((value): Record<string, string> => (value === null ? {} : { [name]: value }));
}

/** Adds `wait=0` to every token, because a request with an unknown token would wait for 2 s. */
const token = fc
  .tuple(
    sometimes('consistency-token', ...uuids, uuids.join(), `${uuids[0]},`, ',', 'x', Array(11).fill(uuids[0]).join()),
  )
  .map(([header]) => ({ ...header, prefer: 'wait=0' }));

export const anyHeaders: fc.Arbitrary<Record<string, string>> = fc
  .tuple(
    sometimes('traceparent', trace, trace.toUpperCase(), `${trace}-00`, trace.replace('00-', 'ff-'), '00-0-0-00'),
    sometimes('accept', 'text/html', 'application/xml', '*/*;q=0', 'application/json'),
    sometimes('accept-encoding', 'gzip', 'br', 'identity;q=0, *;q=0'),
    sometimes('if-none-match', '*', '"x"'),
    sometimes('range', 'bytes=0-1', 'bytes=5-1'),
    sometimes('x-http-method-override', 'DELETE'),
    sometimes('x-forwarded-for', '127.0.0.1', '::1, x'),
    token,
  )
  .map((headers) => Object.assign({}, ...headers));

export const idempotencyHeader = fc.oneof(
  { weight: 3, arbitrary: fc.constant({}) },
  { weight: 2, arbitrary: fc.uuid().map((key) => ({ 'idempotency-key': key })) },
  { weight: 2, arbitrary: fc.nat({ max: 300 }).map((key) => ({ 'idempotency-key': `"key ${key}"` })) },
  {
    weight: 1,
    arbitrary: sometimes('idempotency-key', '', '""', '"', '"a', 'a b', 'x'.repeat(256), '__proto__', 'a\tb'),
  },
);

const JSON_TYPE = 'application/json';

export const contentType = fc.oneof(
  { weight: 12, arbitrary: fc.constant(JSON_TYPE) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      ...[
        '',
        'json',
        'text/plain',
        'application/x-www-form-urlencoded',
        'multipart/form-data; boundary=x',
        'application/jsonp',
      ],
      ...[
        'APPLICATION/JSON',
        ' application/json ',
        'application/json;',
        'application/json; charset',
        'application/merge+json',
      ],
      ...['utf-8', '"utf-8"', 'UTF8', 'utf-16', 'utf-32', 'latin1', 'utf-7', 'x', ''].map(
        (set) => `${JSON_TYPE}; charset=${set}`,
      ),
    ),
  },
);
