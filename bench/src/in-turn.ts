import type { Pair } from './figure.js';
import type { Run } from './run.js';

/**
 * Ours, reference, ours, reference …: both see the same slow and fast minutes of the machine. The order alternates,
 * because what runs second finds warmer caches.
 */
export async function inTurn(
  run: Run,
  name: string,
  unit: string,
  ours: () => Promise<number>,
  reference: () => Promise<number>,
): Promise<Omit<Pair, 'ratio'>[]> {
  const pairs: Omit<Pair, 'ratio'>[] = [];
  for (let pair = 1; pair <= run.scale.pairs; pair += 1) {
    run.progress(`${name}: pair ${pair} of ${run.scale.pairs}`);
    const measured = pair % 2 === 1 ? await oursFirst(ours, reference) : await referenceFirst(ours, reference);
    run.progress(
      `${name}: pair ${pair} of ${run.scale.pairs}: ${shown(measured.ours)} against ${shown(measured.reference)} ${unit}`,
    );
    pairs.push(measured);
  }
  return pairs;
}

async function oursFirst(ours: () => Promise<number>, reference: () => Promise<number>) {
  const first = await ours();
  return { ours: first, reference: await reference() };
}

async function referenceFirst(ours: () => Promise<number>, reference: () => Promise<number>) {
  const first = await reference();
  return { ours: await ours(), reference: first };
}

export function shown(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3);
}
