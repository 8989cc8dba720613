import { expect, test } from '@jest/globals';
import type { Queryable, Statement } from '../postgres/pool.js';
import { readByKey } from './read-by-key.js';

interface Row {
  readonly id: number;
}

/** A database that has every id below 100 and answers when the test calls `answer` or `fail`. */
function fakeDatabase() {
  const asked: { keys: number[]; answer: () => void; fail: (error: Error) => void }[] = [];
  const query = ({ values }: Statement) =>
    new Promise<Row[]>((resolve, reject) => {
      const keys = values?.[0] as number[];
      const rows = keys.filter((key) => key < 100).map((id) => ({ id }));
      asked.push({ keys, answer: () => resolve(rows), fail: reject });
    });
  return { asked, rowOf: readByKey<number, Row>({ query } as Queryable, { name: 'r', text: '' }, ({ id }) => id) };
}

test('sends a lone read at once, and reads that arrive meanwhile as one statement with each key once', async () => {
  const { asked, rowOf } = fakeDatabase();
  const first = rowOf(1);
  const others = [rowOf(2), rowOf(3), rowOf(2), rowOf(100)];
  expect(asked.map(({ keys }) => keys)).toEqual([[1]]);
  asked[0]?.answer();
  expect(await first).toEqual({ id: 1 });
  expect(asked[1]?.keys).toEqual([2, 3, 100]);
  asked[1]?.answer();
  expect(await Promise.all(others)).toEqual([{ id: 2 }, { id: 3 }, { id: 2 }, undefined]);
});

test('a failed statement fails the reads that shared it and no later ones', async () => {
  const { asked, rowOf } = fakeDatabase();
  const failing = rowOf(1);
  const next = rowOf(2);
  asked[0]?.fail(new Error('away'));
  await expect(failing).rejects.toThrow('away');
  asked[1]?.answer();
  expect(await next).toEqual({ id: 2 });
});
