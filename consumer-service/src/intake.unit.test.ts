import { beforeEach, expect, test } from '@jest/globals';
import type { Delivery } from './inbox/delivery.js';
import { Intake } from './intake.js';

let intake: Intake;
beforeEach(() => {
  intake = new Intake();
  decoded = [];
});

let decoded: number[];

function arrive(first: number, last: number, bytes = 400): void {
  for (let tag = first; tag <= last; tag += 1) {
    const message = { fields: { deliveryTag: tag }, content: { length: bytes } };
    intake.add({ message, content: () => void decoded.push(tag) } as unknown as Delivery);
  }
}

const tagOf = (delivery: Delivery | undefined) => delivery?.message.fields.deliveryTag;
const tags = (lane: number) => intake.batchFor(lane)?.deliveries.map(tagOf);
const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, n) => first + n);

test('a lone delivery is applied at once, by the first lane', () => {
  arrive(1, 1);
  expect(tags(1)).toBeUndefined();
  expect(tags(0)).toEqual([1]);
});

test('few deliveries that come while a batch is under way wait for it; many are taken by the second lane', () => {
  arrive(1, 1);
  tags(0);
  arrive(2, 100);
  expect(tags(1)).toBeUndefined();
  arrive(101, 101);
  expect(tags(1)).toEqual(range(2, 101));
});

test('a flood is taken 500 at a time', () => {
  arrive(1, 1_100);
  expect([tags(0), tags(1)]).toEqual([range(1, 500), range(501, 1_000)]);
});

test('nothing is acknowledged before everything that came before it is applied', () => {
  arrive(1, 1_000);
  tags(0);
  tags(1);
  expect(tagOf(intake.applied(1).at(-1))).toBeUndefined();
  expect(tagOf(intake.applied(0).at(-1))).toBe(1_000);
});

test('a batch that could not be applied stays with its lane, and holds back what came after it', () => {
  arrive(1, 1_200);
  const first = tags(0);
  tags(1);
  expect(tags(0)).toEqual(first);
  expect(intake.applied(1)).toEqual([]);
  expect(tags(1)).toEqual(range(1_001, 1_200));
  expect(tagOf(intake.applied(0).at(-1))).toBe(1_000);
  expect(tagOf(intake.applied(1).at(-1))).toBe(1_200);
});

test('a rejected delivery is not acknowledged: the broker knows it no more', () => {
  arrive(1, 3);
  const rejected = new Set(
    intake
      .batchFor(0)
      ?.deliveries.slice(1)
      .map(({ message }) => message),
  );
  expect(intake.applied(0, rejected).map(tagOf)).toEqual([1]);
  arrive(4, 4);
  expect(intake.applied(0, new Set(intake.batchFor(0)?.deliveries.map(({ message }) => message)))).toEqual([]);
});

test('large deliveries are taken by the megabyte, one at least, and wait undecoded beyond four', () => {
  arrive(1, 200, 40_000);
  expect(decoded).toEqual(range(1, 104));
  expect([tags(0), tags(1)]).toEqual([range(1, 26), range(27, 52)]);
  arrive(201, 201);
  expect(decoded).toEqual(range(1, 104));

  intake = new Intake();
  arrive(1, 2, 8_000_000);
  expect(tags(0)).toEqual([1]);
});
