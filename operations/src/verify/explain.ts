import type { Tx } from '@tallyline/chassis/postgres/pool';
import type { Difference } from './compare.js';
import { minus } from './decimal.js';
import { type Culprit, findContributors, findRowsEvent, MAX_SUSPECTS } from './explain.sql.js';
import type { ViewCheck } from './view-check.js';

export interface Finding extends Difference {
  readonly view: string;
  /** Each of these events alone, missing or doubled, would cause this difference. */
  readonly suspects: readonly Suspect[];
}

export interface Suspect extends Culprit {
  readonly verdict: string;
}

/** Finds the events whose contribution to the row is exactly the difference. */
async function suspectsOf(
  tx: Tx,
  check: ViewCheck,
  { key, have, want }: Difference,
  only?: readonly number[],
): Promise<readonly Suspect[]> {
  if (check.contributions === undefined) {
    const culprit = check.rowOf && (await findRowsEvent(tx, check.rowOf, key));
    if (culprit === undefined) return [];
    if (have === undefined) return [{ ...culprit, verdict: 'is recorded as applied, but missing here' }];
    return want === undefined ? [{ ...culprit, verdict: 'is here, but not recorded as applied' }] : [];
  }
  const changes = check.contributions.columns.map((column) => minus(textOf(have?.[column]), textOf(want?.[column])));
  const signs = new Set(changes.filter((change) => change !== '0').map((change) => change.startsWith('-')));
  if (signs.size !== 1) return [];
  const tooLittle = signs.has(true);
  const amounts = changes.map((change) => change.replace('-', ''));
  const culprits = await findContributors(tx, check.contributions, key, amounts, only);
  return culprits
    .filter(({ isApplied }) => isApplied || !tooLittle)
    .map((culprit) => ({ ...culprit, verdict: verdictOf(culprit, tooLittle) }));
}

function verdictOf({ isApplied }: Culprit, tooLittle: boolean): string {
  if (tooLittle) return 'is recorded as applied, but missing here';
  return isApplied ? 'is counted twice' : 'is counted, but not recorded as applied';
}

/**
 * Finds suspects for each differing row. The suspect that explains the most rows is the most likely one and comes
 * first. A row with too many suspects to list is searched again for the suspects of the other rows only.
 */
export async function explain(
  tx: Tx,
  found: readonly (Difference & { readonly check: ViewCheck })[],
): Promise<Finding[]> {
  const findings: (Finding & { readonly check: ViewCheck })[] = [];
  for (const row of found) {
    findings.push({ ...row, view: row.check.view, suspects: await suspectsOf(tx, row.check, row) });
  }
  const hasAll = ({ suspects }: Finding) => suspects.length < MAX_SUSPECTS;
  const known = [...new Set(findings.filter(hasAll).flatMap(({ suspects }) => suspects.map(({ n }) => n)))];
  const narrowed = await Promise.all(
    findings.map(async (finding) => {
      if (hasAll(finding) || known.length === 0) return finding;
      const suspects = await suspectsOf(tx, finding.check, finding, known);
      return suspects.length > 0 ? { ...finding, suspects } : finding;
    }),
  );
  return mostLikelyFirst(narrowed);
}

function mostLikelyFirst(findings: readonly Finding[]): Finding[] {
  const rows = new Map<string, number>();
  const idOf = ({ eventId, n, verdict }: Suspect) => `${eventId ?? n} ${verdict}`;
  for (const { suspects } of findings) {
    for (const suspect of suspects) rows.set(idOf(suspect), (rows.get(idOf(suspect)) ?? 0) + 1);
  }
  const explained = (suspect: Suspect) => rows.get(idOf(suspect)) ?? 0;
  return findings.map((finding) => ({
    ...finding,
    suspects: [...finding.suspects].sort((a, b) => explained(b) - explained(a)),
  }));
}

function textOf(value: string | number | null | undefined): string {
  return String(value ?? 0);
}
