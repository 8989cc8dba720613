import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { eventually } from '@tallyline/local/testing/eventually';
import { committedDocument } from '../setup/documented.js';
import { openSuite } from '../setup/suite.js';

interface Call {
  readonly title: string;
  readonly expected: number;
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

const file = readFileSync(new URL('../../requests.http', import.meta.url), 'utf8');
const calls = file.split(/^### /m).slice(1).map(parse);

const suite = await openSuite();

test.each(calls)(
  'the call "$title" of requests.http is answered $expected',
  async ({ method, target, headers, body, expected }) => {
    const { command, query, consumer } = suite;
    const urls: Record<string, string> = { command: command.url, query: query.url, consumer: consumer.url };
    const url = target.replace(/\{\{(\w+)\}\}/, (_, name) => urls[name] ?? '');
    // The results of earlier calls become visible after a moment.
    await eventually(async () => {
      const response = await fetch(url, { method, headers, ...(body !== undefined && { body }) });
      if (!target.endsWith('stream')) await response.arrayBuffer();
      else await response.body?.cancel();
      expect(response.status).toBe(expected);
    });
  },
);

test('requests.http has a call for every documented path and method', () => {
  const paths = ['command-service', 'query-service'].flatMap((name) =>
    Object.entries(committedDocument(name).paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    ),
  );
  const called = calls.map(
    ({ method, target }) => `${method} ${target.replace(/^\{\{\w+\}\}/, '').replace(/\?.*/, '')}`,
  );
  const missing = [...new Set(paths)].filter((path) => {
    const pattern = new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`);
    return !called.some((call) => pattern.test(call));
  });
  expect(missing).toEqual([]);
});

function parse(block: string): Call {
  const [title = '', expectation = '', request = '', ...rest] = block.split('\n');
  const [method = '', target = ''] = request.split(' ');
  const blank = rest.indexOf('');
  const headers = rest.slice(0, blank).map((line) => line.split(': ') as [string, string]);
  const body = rest
    .slice(blank + 1)
    .join('\n')
    .trim();
  const expected = Number(/^# → (\d{3})$/.exec(expectation)?.[1]);
  return {
    title,
    expected,
    method,
    target,
    headers: Object.fromEntries(headers),
    body: body === '' ? undefined : body,
  };
}
