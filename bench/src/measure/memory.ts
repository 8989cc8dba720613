import { type Figure, figureOfValue } from '../figure.js';
import { goals } from '../goals.js';
import { peaksMb } from '../peak-memory.js';
import type { Run } from '../run.js';
import { measureFreshness } from './freshness.js';

/** Reports the peak of each service's memory in all earlier measurements. If there are none, it runs the freshness load first. */
export async function measureMemory(run: Run): Promise<Figure[]> {
  if (peaksMb.size === 0) await measureFreshness(run);
  return [...peaksMb].map(([service, mb]) =>
    figureOfValue({ name: `memory ${service}`, unit: 'MB', reference: '', goal: goals.memoryMb }, mb),
  );
}
