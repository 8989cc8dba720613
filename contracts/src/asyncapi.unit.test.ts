import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { asyncApiDocument } from './asyncapi.js';
import { events } from './events.js';

test('docs/asyncapi.json is up to date (if not: npm run docs)', () => {
  const committed = JSON.parse(readFileSync(new URL('../../docs/asyncapi.json', import.meta.url), 'utf8'));
  expect(JSON.parse(JSON.stringify(asyncApiDocument()))).toEqual(committed);
});

test('the AsyncAPI document has a message and a channel for every event', () => {
  const { channels, components } = asyncApiDocument();
  expect(Object.keys(components.messages)).toEqual(Object.keys(events));
  expect(Object.values(channels).map(({ address }) => address)).toEqual(
    Object.values(events).map(({ topic }) => topic),
  );
});
