import { type Description, type Figure, figureOfPairs, type Pair, verdictOf } from './figure.js';
import type { Run } from './run.js';

type Side = 'ours' | 'reference';

/** Measures one figure by pairs of our result and the reference's. See `figuresInTurn`. */
export async function figureInTurn(
  run: Run,
  description: Description,
  ours: () => Promise<number>,
  reference: () => Promise<number>,
): Promise<Figure[]> {
  return figuresInTurn(
    run,
    [description],
    async () => [await ours()],
    async () => [await reference()],
  );
}

/**
 * Measures figures by pairs; each side returns one number for every figure. Ours and the reference take turns, so that
 * both see the same slow and fast minutes of the machine. The order within a pair alternates, because the second of a
 * pair finds warmer caches. If a goal is undecided after `pairs` of them, the measurement goes on to
 * `pairsIfUndecided`.
 */
export async function figuresInTurn(
  run: Run,
  descriptions: readonly Description[],
  ours: () => Promise<readonly number[]>,
  reference: () => Promise<readonly number[]>,
): Promise<Figure[]> {
  const measure = { ours, reference };
  const pairs: Omit<Pair, 'ratio'>[][] = descriptions.map(() => []);
  let figures: Figure[] = [];
  let count = run.scale.pairs;
  for (let pair = 1; pair <= count; pair += 1) {
    const order: readonly Side[] = pair % 2 === 1 ? ['ours', 'reference'] : ['reference', 'ours'];
    const measured: Record<Side, readonly number[]> = { ours: [], reference: [] };
    for (const side of order) measured[side] = await measure[side]();
    figures = descriptions.map((description, index) => {
      const [ourNumber = 0, referenceNumber = 0] = [measured.ours[index], measured.reference[index]];
      const { name, unit } = description;
      run.progress(`${name}: pair ${pair}: ${shown(ourNumber)} against ${shown(referenceNumber)} ${unit}`);
      pairs[index]?.push({ ours: ourNumber, reference: referenceNumber });
      return figureOfPairs(description, pairs[index] ?? []);
    });
    if (pair === run.scale.pairs && figures.some((figure) => verdictOf(figure) === 'undecided'))
      count = run.scale.pairsIfUndecided;
  }
  return figures;
}

export function shown(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3);
}
