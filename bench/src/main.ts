import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import type { Figure } from './figure.js';
import { describeMachine } from './machine.js';
import { measurements } from './measurements.js';
import { createProgress } from './progress.js';
import { failuresOf, table } from './report.js';
import { fullScale, quickScale, type Run } from './run.js';
import { startServers } from './servers.js';

const usage = `npm run bench -- [--only NAME]… [--quick] [--json FILE]
  --only   one of ${Object.keys(measurements).join(', ')}; may be repeated
  --quick  short runs, to see that everything works; the ratios mean little
  --json   writes the figures with every pair and the machine`;

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    json: { type: 'string' },
    quick: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const unknown = (values.only ?? []).filter((name) => !Object.hasOwn(measurements, name));
if (values.help || unknown.length > 0) {
  process.stdout.write(`${unknown.map((name) => `There is no figure "${name}".\n`).join('')}${usage}\n`);
  process.exit(unknown.length > 0 ? 1 : 0);
}

const progress = createProgress();
progress.show('starting two PostgreSQL servers and RabbitMQ');
const servers = await startServers((line) => progress.show(line));
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void servers.stop().finally(() => process.exit(1)));
}
try {
  const scale = values.quick ? quickScale : fullScale;
  const run: Run = { servers, scale, progress: progress.show };
  const figures: Figure[] = [];
  for (const [name, measure] of Object.entries(measurements)) {
    if (values.only === undefined || values.only.includes(name)) figures.push(...(await measure(run)));
  }
  progress.end();
  process.stdout.write(`${table(figures)}\n`);
  if (values.json !== undefined) {
    const report = { at: new Date().toISOString(), quick: values.quick, machine: describeMachine(), figures };
    await writeFile(values.json, `${JSON.stringify(report, null, 2)}\n`);
  }
  process.stdout.write(failuresOf(figures));
} finally {
  await servers.stop();
}
