import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Figure } from './figure.js';
import { describeMachine } from './machine.js';
import { measurements } from './measurements.js';
import { plot } from './plot.js';
import { createProfiling } from './profiling.js';
import { createProgress } from './progress.js';
import { publish, type Report } from './publish.js';
import { failuresOf, table } from './report.js';
import { fullScale, quickScale, type Run } from './run.js';
import { startServers } from './servers.js';

const usage = `npm run bench -- [--only NAME]… [--quick] [--json FILE] [--plot FILE] [--flame DIR] [--from FILE] [--publish]
  --only   one of ${Object.keys(measurements).join(', ')}; may be repeated
  --quick  short runs, to see that everything works; the ratios mean little
  --json   writes the figures with every pair and the machine
  --plot   draws each figure with its pairs and its goal, as SVG
  --flame  draws where each service's time goes, FIGURE-SERVICE.svg; profiling slows, so the ratios mean less
  --from   measures nothing: shows and draws what an earlier --json has written
  --publish  puts the figures into docs/performance.md, .json and .svg`;

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    json: { type: 'string' },
    plot: { type: 'string' },
    flame: { type: 'string' },
    from: { type: 'string' },
    publish: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const unknown = (values.only ?? []).filter((name) => !Object.hasOwn(measurements, name));
if (values.help || unknown.length > 0) {
  process.stdout.write(`${unknown.map((name) => `There is no figure "${name}".\n`).join('')}${usage}\n`);
  process.exit(unknown.length > 0 ? 1 : 0);
}

if (values.from !== undefined) {
  await show(JSON.parse(await readFile(values.from, 'utf8')));
  process.exit(0);
}

const progress = createProgress();
const machine = describeMachine();
progress.show('starting two PostgreSQL servers and RabbitMQ');
const servers = await startServers((line) => progress.show(line));
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void servers.stop().finally(() => process.exit(1)));
}
try {
  const scale = values.quick ? quickScale : fullScale;
  const profiling =
    values.flame === undefined ? undefined : await createProfiling(values.flame, join(servers.dir, 'profiles'));
  const run: Run = { servers: { ...servers, profiling }, scale, progress: progress.show };
  const figures: Figure[] = [];
  const report: Report = { at: new Date().toISOString(), quick: values.quick, machine, figures };
  for (const [name, measure] of Object.entries(measurements)) {
    if (values.only !== undefined && !values.only.includes(name)) continue;
    if (profiling !== undefined) profiling.figure = name;
    figures.push(...(await measure(run)));
    // After each, so that a run that is cut short leaves what it has.
    if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(report, null, 2)}\n`);
  }
  progress.end();
  await show(report);
} finally {
  await servers.stop();
}

async function show(report: Report): Promise<void> {
  const { figures } = report;
  process.stdout.write(`${table(figures)}\n${failuresOf(figures)}`);
  if (values.plot !== undefined) await writeFile(values.plot, plot(figures));
  if (values.publish) await publish(report);
}
