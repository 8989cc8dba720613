import { beforeEach, expect, test } from '@jest/globals';
import type { Delivery } from '../inbox/delivery.js';
import { DeliveryBatches } from './delivery-batches.js';

let batches: DeliveryBatches;
beforeEach(() => {
  batches = new DeliveryBatches();
  decoded = [];
});

let decoded: number[];

function arrive(first: number, last: number, bytes = 400): void {
  for (let tag = first; tag <= last; tag += 1) {
    const message = { fields: { deliveryTag: tag }, content: { length: bytes } };
    batches.add({ message, content: () => void decoded.push(tag) } as unknown as Delivery);
  }
}

const tagOf = (delivery: Delivery | undefined) => delivery?.message.fields.deliveryTag;
const tags = (lane: number) => batches.batchFor(lane)?.deliveries.map(tagOf);
const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, n) => first + n);

test('the first lane takes a single delivery at once', () => {
  arrive(1, 1);
  expect(tags(1)).toBeUndefined();
  expect(tags(0)).toEqual([1]);
});

test('the second lane takes deliveries only when many wait', () => {
  arrive(1, 1);
  tags(0);
  arrive(2, 100);
  expect(tags(1)).toBeUndefined();
  arrive(101, 101);
  expect(tags(1)).toEqual(range(2, 101));
});

test('a backlog is taken 500 deliveries at a time', () => {
  arrive(1, 1_100);
  expect([tags(0), tags(1)]).toEqual([range(1, 500), range(501, 1_000)]);
});

test('a batch is acknowledged only when all earlier batches are applied', () => {
  arrive(1, 1_000);
  tags(0);
  tags(1);
  expect(tagOf(batches.applied(1).at(-1))).toBeUndefined();
  expect(tagOf(batches.applied(0).at(-1))).toBe(1_000);
});

test('a batch that failed stays with its lane, and later batches are not acknowledged before it', () => {
  arrive(1, 1_200);
  const first = tags(0);
  tags(1);
  expect(tags(0)).toEqual(first);
  expect(batches.applied(1)).toEqual([]);
  expect(tags(1)).toEqual(range(1_001, 1_200));
  expect(tagOf(batches.applied(0).at(-1))).toBe(1_000);
  expect(tagOf(batches.applied(1).at(-1))).toBe(1_200);
});

test('a rejected delivery is not acknowledged', () => {
  arrive(1, 3);
  const rejected = new Set(
    batches
      .batchFor(0)
      ?.deliveries.slice(1)
      .map(({ message }) => message),
  );
  expect(batches.applied(0, rejected).map(tagOf)).toEqual([1]);
  arrive(4, 4);
  expect(batches.applied(0, new Set(batches.batchFor(0)?.deliveries.map(({ message }) => message)))).toEqual([]);
});

test('a batch has a megabyte at most or a single delivery, and deliveries beyond 4 MB are not decoded on arrival', () => {
  arrive(1, 200, 40_000);
  expect(decoded).toEqual(range(1, 104));
  expect([tags(0), tags(1)]).toEqual([range(1, 26), range(27, 52)]);
  arrive(201, 201);
  expect(decoded).toEqual(range(1, 104));

  batches = new DeliveryBatches();
  arrive(1, 2, 8_000_000);
  expect(tags(0)).toEqual([1]);
});
