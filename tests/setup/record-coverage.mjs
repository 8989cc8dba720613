/**
 * Loaded into a service with `--import`: on each SIGUSR2 it writes the functions that ran since the last one to a file of
 * COVERAGE_DIR, and then a file whose name ends with `.done`.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { join } from 'node:path';

const session = new Session();
session.connect();
await session.post('Profiler.enable');
await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });

let taken = 0;
process.on('SIGUSR2', async () => {
  const { result } = await session.post('Profiler.takePreciseCoverage');
  const ran = result
    .filter(({ url }) => url.startsWith('file:') && !url.includes('/node_modules/'))
    .flatMap(({ url, functions }) =>
      functions
        .filter(({ ranges }) => ranges[0].count > 0)
        .map(({ functionName, ranges }) => ({ url, function: `${functionName}@${ranges[0].startOffset}` })),
    );
  taken += 1;
  const file = join(process.env.COVERAGE_DIR, `${process.pid}-${taken}`);
  writeFileSync(`${file}.part`, JSON.stringify(ran));
  renameSync(`${file}.part`, `${file}.json`);
});
