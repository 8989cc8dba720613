import { type ExitCode, print } from '@tallyline/chassis/command-line/command-line';
import { inspectDatabase } from '@tallyline/chassis/migrations/inspect-database';
import { refuseUnfit } from '@tallyline/chassis/migrations/plan';
import { contractFindings, type MigratedDatabase } from './database.js';

/** Prints what `up` would run, and why it would refuse contract steps. */
export async function showPlan(databases: readonly MigratedDatabase[], isContract: boolean): Promise<ExitCode> {
  const refusals: string[] = [];
  let contracts = 0;
  for (const { side, url, schema } of databases) {
    const inspection = await inspectDatabase(url, schema);
    if (inspection.state !== 'in use') {
      print(`${side} database: would create ${inspection.state === 'absent' ? 'the database and ' : ''}its schema`);
      continue;
    }
    const { plan, seen } = inspection;
    refuseUnfit(plan);
    for (const { file, kind } of plan.expand) print(`${side} database: would run ${file} (${kind})`);
    for (const { file, kind } of plan.contract)
      print(`${side} database: ${isContract ? 'would run' : 'would leave'} the contract step ${file} (${kind})`);
    if (plan.expand.length + plan.contract.length === 0) print(`${side} database: nothing to do`);
    const findings = contractFindings(side, seen);
    refusals.push(...findings.refusals);
    contracts += plan.contract.length;
    if (plan.contract.length > 0) for (const note of findings.notes) print(note);
  }
  if (contracts === 0 || refusals.length === 0) return 0;
  print('Contract steps would be refused now, because services of an older release were seen:');
  for (const refusal of refusals) print(`  ${refusal}`);
  return isContract ? 1 : 0;
}
