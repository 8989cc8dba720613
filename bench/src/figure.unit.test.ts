import { describe, expect, test } from '@jest/globals';
import { figureOfPairs, figureOfValue, type Goal, intervalOf, medianInterval, quantile, verdictOf } from './figure.js';

const description = { name: 'orders', unit: 'orders/s', reference: 'direct SQL' };
const withRatios = (ratios: readonly number[], goal?: Goal) =>
  figureOfPairs(
    { ...description, goal },
    ratios.map((ratio) => ({ ours: 100 * ratio, reference: 100 })),
  );

describe('medianInterval', () => {
  test('the interval of five values is the smallest to the largest', () => {
    expect(medianInterval([3, 1, 5, 2, 4])).toEqual([1, 5]);
  });

  test('the interval of ten values is the second smallest to the second largest', () => {
    expect(medianInterval([10, 1, 9, 2, 8, 3, 7, 4, 6, 5])).toEqual([2, 9]);
  });

  test('the interval is the smallest to the largest when there are too few values for the confidence', () => {
    expect(medianInterval([2, 1])).toEqual([1, 2]);
    expect(medianInterval([1])).toEqual([1, 1]);
  });
});

describe('verdictOf', () => {
  test.each<readonly [string, readonly number[], Goal]>([
    ['met', [1.3, 1.4, 1.5, 1.6, 1.7], { atLeast: 1.3 }],
    ['undecided', [1.2, 1.4, 1.5, 1.6, 1.7], { atLeast: 1.3 }],
    ['undecided', [1.1, 1.1, 1.1, 1.1, 1.3], { atLeast: 1.3 }],
    ['missed', [1.1, 1.2, 1.2, 1.2, 1.29], { atLeast: 1.3 }],
    ['met', [3, 3.1, 3.2, 3.3, 4], { atMost: 4 }],
    ['undecided', [3, 3.1, 3.2, 3.3, 4.1], { atMost: 4 }],
    ['missed', [4.1, 4.2, 4.3, 4.4, 4.5], { atMost: 4 }],
  ])('the verdict is %s for the ratios %j and the goal %j', (verdict, ratios, goal) => {
    expect(verdictOf(withRatios(ratios, goal))).toBe(verdict);
  });

  test('the verdict ignores one outlier at each end of ten pairs', () => {
    const ratios = [0.5, 1.31, 1.32, 1.33, 1.34, 1.35, 1.36, 1.37, 1.38, 9];
    expect(verdictOf(withRatios(ratios, { atLeast: 1.3 }))).toBe('met');
  });

  test('a single value is compared with its goal', () => {
    const described = { ...description, goal: { atMost: 200 } };
    expect(verdictOf(figureOfValue(described, 200))).toBe('met');
    expect(verdictOf(figureOfValue(described, 201))).toBe('missed');
  });

  test('a figure without a goal has no verdict', () => {
    expect(verdictOf(withRatios([1, 1, 1, 1, 1]))).toBeUndefined();
  });
});

test('a figure has the median of its ratios and their interval', () => {
  const figure = withRatios([1, 2, 3, 4, 5]);
  expect(figure.value).toBe(3);
  expect(intervalOf(figure)).toEqual([1, 5]);
});

test('a quantile between two values is interpolated', () => {
  expect(quantile([1, 2, 3, 4], 0.5)).toBe(2.5);
  expect(quantile([4, 1, 3, 2], 1)).toBe(4);
});
