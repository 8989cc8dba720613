import { expect, test } from '@jest/globals';
import { newPreparing, prepareAnew, prepared, type Session } from './session.sql.js';

const TEXT = 'SELECT 1 AS one';
const sessionOf = (kind: Session['kind']): Session => ({ kind, begin: 'BEGIN', preparing: newPreparing() });

test.each(['direct', 'pooled'] as const)(
  'a %s session prepares a statement under the same name and with the same text until it is stale',
  (kind) => {
    const session = sessionOf(kind);
    const first = prepared(session, 'one', TEXT);
    expect(prepared(session, 'one', TEXT)).toEqual(first);
    expect(first.text).toBe(TEXT);
    prepareAnew(session.preparing, '');
    expect(prepared(session, 'one', TEXT).name).not.toBe(first.name);
  },
);

test('behind a pooler the text of a statement changes with its name, because PgBouncer goes by the text', () => {
  const session = sessionOf('pooled');
  const texts = ['', '', ''].map(() => {
    const { text } = prepared(session, 'one', TEXT);
    prepareAnew(session.preparing, session.preparing.suffix);
    return text;
  });
  expect(new Set(texts).size).toBe(3);
  for (const text of texts) expect(text).toMatch(/^SELECT 1 AS one(?: \/\* ~[0-9a-f]{8} \*\/)?$/);
});

test('a second stale statement of the same time changes nothing, and two processes never choose the same name', () => {
  const [one, other] = [newPreparing(), newPreparing()];
  prepareAnew(one, '');
  const { suffix } = one;
  prepareAnew(one, '');
  prepareAnew(other, '');
  expect(one.suffix).toBe(suffix);
  expect(other.suffix).not.toBe(suffix);
});

test.each([
  ['a statement without a name', true, undefined],
  ['a statement behind a pooler that cannot prepare', false, 'one'],
])('%s is sent as it is', (_what, isPossible, name) => {
  const session = sessionOf('pooled');
  Object.assign(session.preparing, { isPossible, suffix: '~1' });
  expect(prepared(session, name, TEXT)).toEqual({ name: undefined, text: TEXT });
});
