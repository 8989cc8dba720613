import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { repositoryRoot } from '@tallyline/local/servers/schema';
import { plot } from './plot.js';
import { HEADINGS, type Report, rowOf, summary } from './report.js';

const BETWEEN_MARKS = /(<!-- run -->\n).*(<!-- \/run -->)/s;

/** Writes a run into docs/, so that the figures there are measured ones and never typed by hand. */
export async function publish(report: Report): Promise<void> {
  const docs = join(repositoryRoot, 'docs');
  const page = join(docs, 'performance.md');
  await writeFile(join(docs, 'performance.json'), `${JSON.stringify(report, null, 2)}\n`);
  await writeFile(join(docs, 'performance.svg'), plot(report.figures));
  const text = await readFile(page, 'utf8');
  await writeFile(
    page,
    text.replace(BETWEEN_MARKS, (_, start, end) => `${start}${section(report)}${end}`),
  );
}

function section({ at, machine, figures }: Report): string {
  const { cores, processor, memoryGb, system, node, loadBefore } = machine;
  const rows = [HEADINGS, HEADINGS.map(() => '---'), ...figures.map(rowOf)];
  return `
## One run

${at.slice(0, 16).replace('T', ' ')} UTC, ${cores} cores (${processor}), ${memoryGb} GB, ${system}, Node ${node}. Load average
before the run: ${loadBefore}.

${rows.map((row) => `| ${row.join(' | ')} |`).join('\n')}

${summary(figures)}

`;
}
