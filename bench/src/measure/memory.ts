import { type Figure, figureOfValue } from '../figure.js';
import { peaks } from '../memory.js';
import type { Run } from '../run.js';
import { measureFreshness } from './freshness.js';

/** Peak resident memory of each service through everything that was measured before; alone, through some load. */
export async function measureMemory(run: Run): Promise<Figure[]> {
  if (peaks().size === 0) await measureFreshness(run);
  return [...peaks()].map(([service, mb]) =>
    figureOfValue({ name: `memory ${service}`, unit: 'MB', reference: '', goal: { atMost: 200 } }, mb),
  );
}
