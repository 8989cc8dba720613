import { parseArgs } from 'node:util';
import type { Fault } from './fault.js';
import { allFaults } from './faults/index.js';
import { showProgress, showResult, showSummary } from './report.js';
import { type RoundResult, runRound } from './round.js';
import { buildRelease, lastRelease } from './upgrade/build-release.js';
import { buildLaterRelease } from './upgrade/later-release.js';
import { newViewUpgrade } from './upgrade/new-view.js';
import { upgrades } from './upgrade/upgrades.js';
import { thisRelease } from './world/release.js';
import { startServers } from './world/servers.js';

const USAGE = `npm run faults -- [--upgrade [FROM]] [--seeds N] [--seed S] [--only NAME]... [--list]
Strikes the running suite with every fault, once per seed, and checks that no order is lost or counted twice.
With --upgrade it builds the release FROM (a commit; by default the last release of CHANGELOG.md) from git, and upgrades it to
this checkout under traffic and kills: in every order of the services, and there and back.`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    upgrade: { type: 'boolean', default: false },
    seeds: { type: 'string', default: '1' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    only: { type: 'string', multiple: true, default: [] },
    list: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

function chosenFrom(allFaults: readonly Fault[]): Fault[] {
  const unknown = values.only.filter((part) => !allFaults.some(({ name }) => name.includes(part)));
  if (unknown.length > 0) throw new Error(`no fault is called ${unknown.join(', ')}; see --list`);
  return allFaults.filter(({ name }) => values.only.length === 0 || values.only.some((part) => name.includes(part)));
}

async function campaign(allFaults: readonly Fault[], command: string): Promise<number> {
  const faults = chosenFrom(allFaults);
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
        showResult(result, command);
      }
    }
  } finally {
    await servers.stop();
  }
  showSummary(results, seeds, command);
  const isProven = provesInterruption(results);
  return isProven && results.every(({ faults }) => faults.length === 0) ? 0 : 1;
}

/** Says false when upgrades ran and no kill interrupted the migrations of any, because then their restart is not tested. */
function provesInterruption(results: readonly RoundResult[]): boolean {
  const upgraded = results.filter(({ struck }) => struck?.migrationsInterrupted !== undefined);
  const interrupted = upgraded.filter(({ struck }) => struck?.migrationsInterrupted);
  if (upgraded.length > 0)
    process.stdout.write(`kills interrupted the migrations of ${interrupted.length} of ${upgraded.length} upgrades\n`);
  // A single round may miss; a whole campaign must not.
  return upgraded.length === 0 || interrupted.length > 0 || values.only.length > 0;
}

async function upgradeCampaign(from: string): Promise<number> {
  process.stdout.write(`building ${from} …\n`);
  const release = await buildRelease(from);
  const later = await buildLaterRelease();
  try {
    process.stdout.write(
      `upgrading ${release.name} (${release.version}) to ${thisRelease.name} (${thisRelease.version})\n`,
    );
    return await campaign(
      [...upgrades(release, thisRelease), newViewUpgrade(thisRelease, later)],
      `npm run faults -- --upgrade ${from}`,
    );
  } finally {
    await Promise.all([release.remove(), later.remove()]);
  }
}

if (values.help) process.stdout.write(`${USAGE}\n`);
else if (values.upgrade) process.exit(await upgradeCampaign(positionals[0] ?? lastRelease()));
else if (values.list) for (const { name } of allFaults) process.stdout.write(`${name}\n`);
// Node 20 can hang while it closes the handles of connections that were reset, so the process exits explicitly.
else process.exit(await campaign(allFaults, 'npm run faults --'));
