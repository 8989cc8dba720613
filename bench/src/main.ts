import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { type Figure, verdictOf } from './figure.js';
import { measurements, onRequest } from './measurements.js';
import { plot } from './plot.js';
import { createProgress } from './progress.js';
import { publish } from './publish.js';
import { describeMachine, type Report, summary, table } from './report.js';
import { fullScale, quickScale, type Run } from './run.js';
import { startServers } from './servers.js';

const usage = `npm run bench -- [--only NAME]… [--quick] [--json FILE] [--plot FILE] [--from FILE] [--publish]
Measures the suite against references. It ends with 1 if a goal is missed, unless --quick is given.

  --only NAME  measure only this one; may be repeated:
               ${Object.keys(measurements).join(', ')};
               without it all are measured, except ${[...onRequest].join(', ')}
  --quick      short runs that show whether everything works; the ratios mean little
  --json FILE  write the figures with every pair and the machine
  --plot FILE  draw each figure with its pairs and its goal as SVG
  --from FILE  measure nothing, but show a file that --json has written
  --publish    write the figures into docs/performance.md, .json and .svg`;

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    json: { type: 'string' },
    plot: { type: 'string' },
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
await finish(values.from === undefined ? await measureAll() : JSON.parse(await readFile(values.from, 'utf8')));

async function measureAll(): Promise<Report> {
  const progress = createProgress();
  const machine = describeMachine();
  progress.show('starting two PostgreSQL servers and RabbitMQ');
  const servers = await startServers((line) => progress.show(line));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void servers.stop().finally(() => process.exit(1)));
  }
  try {
    const scale = values.quick ? quickScale : fullScale;
    const run: Run = { servers, scale, progress: progress.show };
    const figures: Figure[] = [];
    const report: Report = { at: new Date().toISOString(), quick: values.quick, machine, figures };
    for (const [name, measure] of Object.entries(measurements)) {
      if (values.only === undefined ? onRequest.has(name) : !values.only.includes(name)) continue;
      figures.push(...(await measure(run)));
      // The file is written after each measurement, so that an interrupted run keeps its results.
      if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(report, null, 2)}\n`);
    }
    progress.end();
    return report;
  } finally {
    await servers.stop();
  }
}

async function finish(report: Report): Promise<void> {
  const { figures, quick } = report;
  process.stdout.write(`${table(figures)}\n\n${summary(figures)}\n`);
  if (values.plot !== undefined) await writeFile(values.plot, plot(figures));
  if (values.publish) await publish(report);
  if (!quick && figures.some((figure) => verdictOf(figure) === 'missed')) process.exitCode = 1;
}
