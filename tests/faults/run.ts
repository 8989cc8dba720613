import { parseArgs } from 'node:util';
import { allFaults } from './faults/index.js';
import { showProgress, showResult, showSummary } from './report.js';
import { type RoundResult, runRound } from './round.js';
import { startServers } from './world/servers.js';

const USAGE = `npm run faults -- [--seeds N] [--seed S] [--only NAME]... [--list]
Strikes the running suite with every fault, once per seed, and checks that no order is lost or counted twice.`;

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    only: { type: 'string', multiple: true, default: [] },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

function chosenFaults() {
  const unknown = values.only.filter((part) => !allFaults.some(({ name }) => name.includes(part)));
  if (unknown.length > 0) throw new Error(`no fault is called ${unknown.join(', ')}; see --list`);
  return allFaults.filter(({ name }) => values.only.length === 0 || values.only.some((part) => name.includes(part)));
}

async function campaign(): Promise<number> {
  const faults = chosenFaults();
  const first = Number(values.seed);
  const seeds = Array.from({ length: Number(values.seeds) }, (_, index) => first + index);
  process.stdout.write(`seed ${seeds[0]}, ${seeds.length} time(s) ${faults.length} faults\n`);
  const servers = await startServers();
  const results: RoundResult[] = [];
  try {
    for (const seed of seeds) {
      for (const fault of faults) {
        showProgress(results.length, seeds.length * faults.length, fault.name);
        const result = await runRound(servers, fault, seed);
        results.push(result);
        showResult(result);
      }
    }
  } finally {
    await servers.stop();
  }
  showSummary(results, seeds);
  return results.every(({ faults }) => faults.length === 0) ? 0 : 1;
}

if (values.help) process.stdout.write(`${USAGE}\n`);
else if (values.list) for (const { name } of allFaults) process.stdout.write(`${name}\n`);
// Node 20 can hang while it closes the handles of connections that were reset, so the process exits explicitly.
else process.exit(await campaign());
