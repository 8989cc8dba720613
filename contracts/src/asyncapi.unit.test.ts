import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { z } from 'zod';
import { asyncApiDocument } from './asyncapi.js';
import { earlierVersion } from './event-versions.js';
import { events } from './events.js';

test('docs/asyncapi.json is up to date (if not: npm run docs)', () => {
  const committed = JSON.parse(readFileSync(new URL('../../docs/asyncapi.json', import.meta.url), 'utf8'));
  expect(JSON.parse(JSON.stringify(asyncApiDocument()))).toEqual(committed);
});

test('the AsyncAPI document has a message and a channel for every event', () => {
  const { channels, components } = asyncApiDocument();
  const names = Object.entries(events).flatMap(([type, { earlier }]) => [
    type,
    ...earlier.map(({ version }) => `${type}.v${version}`).reverse(),
  ]);
  expect(names).toEqual(expect.arrayContaining(Object.keys(events)));
  expect(Object.keys(components.messages)).toEqual(names);
  expect(Object.values(channels).map(({ address }) => address)).toEqual(
    Object.values(events).map(({ topic }) => topic),
  );
});

test('every version of an event is a message, and the newest has the name of the type', () => {
  const eventType = z.literal('OrderPacked');
  const first = z.object({ eventType, version: z.literal(1).optional(), box: z.string() });
  const second = z.object({ eventType, version: z.literal(2), boxes: z.array(z.string()) });
  const packed = {
    schema: second,
    topic: 'order.packed',
    writtenVersion: 1,
    earlier: [
      earlierVersion(1, first, second, {
        upcast: ({ eventType, box }) => ({ eventType, version: 2 as const, boxes: [box] }),
        downcast: ({ eventType, boxes }) => ({ eventType, box: boxes.join() }),
      }),
    ],
  };
  const { channels, components, operations } = asyncApiDocument({ OrderPacked: packed });
  const names = ['OrderPacked', 'OrderPacked.v1'];
  expect(Object.keys(components.messages)).toEqual(names);
  expect(names.map((name) => components.messages[name]?.title)).toEqual([
    'OrderPacked, version 2',
    'OrderPacked, version 1',
  ]);
  expect(components.messages['OrderPacked.v1']?.payload).toMatchObject({ required: ['eventType', 'box'] });
  expect(Object.keys(channels.OrderPacked?.messages ?? {})).toEqual(names);
  expect(operations.publishOrderPacked).toMatchObject({ messages: { length: 2 } });
});
