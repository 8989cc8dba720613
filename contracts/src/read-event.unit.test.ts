import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { eventExamples } from './event-examples.js';
import { type EventDeclaration, earlierVersion } from './event-versions.js';
import { downcastTo, type ReadEvent, readEvent } from './read-event.js';

const eventType = z.literal('Greeted');
const first = z.object({ eventType, version: z.literal(1).optional(), name: z.string() });
const second = z.object({ eventType, version: z.literal(2), names: z.array(z.string()) });
const third = z.object({ eventType, version: z.literal(3), names: z.array(z.string()), loud: z.boolean() });
const greeted: EventDeclaration = {
  schema: third,
  topic: 'greeting.greeted',
  writtenVersion: 1,
  earlier: [
    earlierVersion(1, first, second, {
      upcast: ({ eventType, name }) => ({ eventType, version: 2 as const, names: [name] }),
      downcast: ({ eventType, names }) => ({ eventType, name: names.join(' and ') }),
    }),
    earlierVersion(2, second, third, {
      upcast: (event) => ({ ...event, version: 3 as const, loud: false }),
      downcast: ({ loud: _loud, ...event }) => ({ ...event, version: 2 as const }),
    }),
  ],
};
const read = (json: unknown) => readEvent(json, { declarations: { Greeted: greeted } });
const newest = { eventType: 'Greeted', version: 3, names: ['Ada'], loud: false } as ReadEvent | object;

describe('an event is read as the newest version', () => {
  test.each([
    ['1', { eventType: 'Greeted', version: 1, name: 'Ada' }],
    ['1, which it does not state', { eventType: 'Greeted', name: 'Ada' }],
    ['2', { eventType: 'Greeted', version: 2, names: ['Ada'] }],
    ['3', { eventType: 'Greeted', version: 3, names: ['Ada'], loud: false }],
  ])('when it was written in version %s', (_version, body) => {
    expect(read(body)).toEqual({ kind: 'event', event: newest });
  });

  test('when an earlier version has a field that only a later one knows, without that field', () => {
    expect(read({ eventType: 'Greeted', name: 'Ada', loud: true })).toEqual({ kind: 'event', event: newest });
  });
});

test.each([
  [
    'a version above the newest',
    { eventType: 'Greeted', version: 4 },
    { type: 'Greeted', version: 4, reason: 'version 4 of Greeted is newer than version 3, the newest known here' },
  ],
  [
    'an unknown type',
    { eventType: 'Waved', version: 2 },
    { type: 'Waved', version: 2, reason: 'unknown event type "Waved"' },
  ],
  [
    'an unknown type and no version',
    { eventType: 'Waved' },
    { type: 'Waved', version: 1, reason: 'unknown event type "Waved"' },
  ],
  [
    'an unknown type and a version in words',
    { eventType: 'Waved', version: 'two' },
    { type: 'Waved', version: 1, reason: 'unknown event type "Waved"' },
  ],
])('a body with %s is newer than its reader', (_what, body, newer) => {
  expect(read(body)).toEqual({ kind: 'newer', ...newer });
});

test.each([
  ['fields of another version', { eventType: 'Greeted', version: 2, name: 'Ada' }, 'not a valid Greeted: names'],
  ['version 0', { eventType: 'Greeted', version: 0, name: 'Ada' }, 'version must be an integer from 1 on'],
  ['a version in words', { eventType: 'Greeted', version: '2', names: [] }, 'version must be an integer from 1 on'],
  ['no type', { name: 'Ada' }, 'unknown event type undefined'],
  ['a type with a character that no name has', { eventType: 'Wa\u0000ved' }, 'unknown event type'],
  ['a type of 101 characters', { eventType: 'W'.repeat(101) }, 'unknown event type'],
  ['a type that is a name of JavaScript', { eventType: 'constructor', name: 'Ada' }, 'unknown event type'],
])('a body with %s is not read', (_what, body, reason) => {
  expect(read(body)).toMatchObject({ reason: expect.stringContaining(reason) });
  expect(read(body).kind).not.toBe('event');
});

test.each([1, 2, 3])(
  'an event that is written in version %d is valid in it, and is read as what was written',
  (version) => {
    expect(read(downcastTo(greeted, version, newest))).toEqual({ kind: 'event', event: newest });
  },
);

test.each(Object.entries(eventExamples))('the example of %s is read as it is', (_type, example) => {
  expect(readEvent(example)).toEqual({ kind: 'event', event: example });
});
