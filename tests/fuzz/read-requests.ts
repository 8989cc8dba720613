import fc from 'fast-check';
import { committedDocument } from '../setup/documented.js';
import type { FuzzRequest } from './fuzz-request.js';
import { anyHeaders } from './odd-headers.js';
import { oddText } from './odd-values.js';
import { spellings } from './write-requests.js';

/** The fuzz leaves the stream out, because its answer never ends. */
const STREAM = '/api/analytics/stream';

const plausible: Readonly<Record<string, readonly string[]>> = {
  id: [
    '1',
    '2',
    '3',
    '7',
    '0',
    '-1',
    '1.5',
    '01',
    '9007199254740991',
    '9007199254740992',
    '99999999999999999999',
    '1e3',
  ],
  category: ['Pen', '茶', '__proto__', 'constructor', 'a/b?c#d', '%', '..', ...Object.values(spellings).flat()],
  branch: ['downtown', 'harbour', 'uptown', 'Downtown', '__proto__'],
  date: [
    '2026-11-20',
    '1970-01-01',
    '2999-12-31',
    '2026-02-30',
    '0000-01-01',
    '9999-12-31',
    '2024-02-29',
    '2026-11-20T00:00:00Z',
  ],
  instant: [
    '0000-01-01',
    '0001-01-01T00:00:00Z',
    '9999-12-31T23:59:59Z',
    '9999-12-31T23:59:59-23:59',
    '0000-01-01T00:00:00+23:59',
    '2026-10-25T01:30:00+01:00',
    '2026-11-20T08:17:46.438123456Z',
    '2016-12-31T23:59:60Z',
  ],
  count: ['1', '2', '5', '92', '93', '100', '200', '201', '999', '0', '', '1e2', '+1', '%31'],
  period: ['day', 'week', 'month', ''],
  interval: ['day', 'week', 'month', 'hour', 'year', ''],
};
const kindOf: Readonly<Record<string, string>> = {
  from: 'instant',
  to: 'instant',
  limit: 'count',
  days: 'count',
  after: 'id',
  before: 'id',
  customerId: 'id',
};
const queryNames = [
  'category',
  'limit',
  'from',
  'to',
  'date',
  'days',
  'period',
  'interval',
  'after',
  'before',
  'customerId',
];

function parameterValue(name: string): fc.Arbitrary<string> {
  const known = plausible[kindOf[name] ?? name] ?? ['1'];
  const dates = name === 'from' || name === 'to' ? (plausible.date ?? []) : [];
  return fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...known, ...dates) }, { weight: 1, arbitrary: oddText });
}

/** Percent-encodes the text, or replaces it with a form that no encoder makes. */
function encoded(text: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 12, arbitrary: text.map((value) => encodeURIComponent(value.toWellFormed())) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        '%',
        '%0',
        '%zz',
        '%00',
        '%E0%A4',
        '%C0%AF',
        '%ED%A0%80',
        '%2F',
        '%2e%2e',
        '..',
        '.',
        '%F4%90%80%80',
        '+',
        ';',
      ),
    },
  );
}

const pair = fc
  .oneof(
    { weight: 12, arbitrary: fc.constantFrom(...queryNames) },
    fc.constantFrom('__proto__', 'colour', 'limit[]', 'limit[a]', 'constructor', ''),
  )
  .chain((name) => encoded(parameterValue(name)).map((value) => `${name}=${value}`));
const queryOf = (names: readonly string[]) =>
  fc.oneof(
    { weight: 3, arbitrary: fc.constant('') },
    {
      weight: names.length === 0 ? 0 : 8,
      arbitrary: fc
        .subarray([...names], { minLength: names.length === 0 ? 0 : 1 })
        .chain((chosen) =>
          fc.tuple(...chosen.map((name) => encoded(parameterValue(name)).map((value) => `${name}=${value}`))),
        )
        .map((pairs) => `?${pairs.join('&')}`),
    },
    { weight: 1, arbitrary: fc.array(pair, { minLength: 1, maxLength: 4 }).map((pairs) => `?${pairs.join('&')}`) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        '?',
        '?&&',
        '?=',
        '?limit',
        '?limit=1&limit=2',
        '?a?b',
        '?%',
        `?${'a=1&'.repeat(1500)}`,
      ),
    },
  );

function pathOf(template: string): fc.Arbitrary<string> {
  const parts = template.split(/(\{\w+\})/).map((part) => {
    const parameter = /^\{(\w+)\}$/.exec(part)?.[1];
    return parameter === undefined ? fc.constant(part) : encoded(parameterValue(parameter));
  });
  return fc.tuple(...parts).map((chosen) => chosen.join(''));
}

/** Generates paths for every documented GET of a service, with plausible and with odd parameters. */
function documentedReads(service: 'command' | 'query'): fc.Arbitrary<string>[] {
  const { paths } = committedDocument(`${service}-service`);
  return Object.entries(paths)
    .filter(([path, operations]) => operations.get !== undefined && path !== STREAM)
    .map(([path, operations]) => {
      const parameters = (operations.get as { parameters?: { in: string; name: string }[] }).parameters ?? [];
      const names = parameters.flatMap((parameter) => (parameter.in === 'query' ? [parameter.name] : []));
      return fc.tuple(pathOf(path), queryOf(names)).map((parts) => parts.join(''));
    });
}

const strange = fc.oneof(
  fc.constantFrom(
    '/api',
    '/api/',
    '//api/products',
    '/api//products',
    '/api/products/',
    '/API/Products',
    '/api/products/1/2',
    '/api/../api/products',
  ),
  fc.constantFrom(
    '/.env',
    '/api/orders%2F1',
    '/api/orders/1%00',
    '/%',
    '/favicon.ico',
    '/api/products;a=1',
    '/page/x/y',
    '/api/orders',
  ),
  encoded(oddText).map((text) => `/${text}`),
);

const methods = ['HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND', 'QUERY', 'LOCK', 'M-SEARCH'];
const method = fc.oneof({ weight: 15, arbitrary: fc.constant('GET') }, fc.constantFrom(...methods));

function readFrom(service: 'command' | 'query'): fc.Arbitrary<FuzzRequest> {
  const path = fc.oneof({ weight: 15, arbitrary: fc.oneof(...documentedReads(service)) }, strange);
  return fc.record({ service: fc.constant(service), method, path, headers: anyHeaders });
}

/** Generates requests that read, and requests with an unknown path or a wrong method. */
export const readRequest: fc.Arbitrary<FuzzRequest> = fc.oneof(
  { weight: 4, arbitrary: readFrom('query') },
  { weight: 1, arbitrary: readFrom('command') },
);
