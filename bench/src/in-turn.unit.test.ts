import { expect, test } from '@jest/globals';
import type { Goal } from './figure.js';
import { figureInTurn, figuresInTurn } from './in-turn.js';
import { fullScale, type Run } from './run.js';

const run = { scale: fullScale, progress: () => undefined } as unknown as Run;

async function measure(goal: Goal | undefined, ours: readonly number[]) {
  const calls: string[] = [];
  let next = 0;
  const [figure] = await figureInTurn(
    run,
    { name: 'orders', unit: 'orders/s', reference: 'direct SQL', goal },
    async () => {
      calls.push('ours');
      return ours[next++ % ours.length] ?? 0;
    },
    async () => {
      calls.push('reference');
      return 1;
    },
  );
  return { figure, calls };
}

test('a measurement stops after five pairs when the goal is met or missed', async () => {
  expect((await measure({ atLeast: 1 }, [2])).figure?.pairs).toHaveLength(5);
  expect((await measure({ atLeast: 3 }, [2])).figure?.pairs).toHaveLength(5);
});

test('a measurement goes on to ten pairs while the goal is undecided', async () => {
  expect((await measure({ atLeast: 1 }, [0.9, 1.1])).figure?.pairs).toHaveLength(10);
});

test('a figure without a goal is measured by five pairs', async () => {
  expect((await measure(undefined, [0.9, 1.1])).figure?.pairs).toHaveLength(5);
});

test('the order of the two sides changes with each pair', async () => {
  const { calls } = await measure(undefined, [1]);
  expect(calls.slice(0, 6)).toEqual(['ours', 'reference', 'reference', 'ours', 'ours', 'reference']);
});

test('all figures get further pairs when one of them is undecided', async () => {
  const described = { unit: 'ms', reference: 'each step alone' };
  let pair = 0;
  const figures = await figuresInTurn(
    run,
    [
      { ...described, name: 'p50', goal: { atMost: 4 } },
      { ...described, name: 'p99', goal: { atMost: 12 } },
    ],
    async () => [3, pair++ === 2 ? 13 : 11],
    async () => [1, 1],
  );
  expect(figures.map(({ pairs }) => pairs.length)).toEqual([10, 10]);
});
