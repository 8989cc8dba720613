import type { RoundResult } from './round.js';

const write = (text: string) => process.stdout.write(text);

/** On a terminal, shows the current fault in a line that its result overwrites. */
export function showProgress(done: number, all: number, fault: string): void {
  if (!process.stdout.isTTY) return;
  const filled = Math.round((20 * done) / all);
  write(`\r\x1b[K[${'#'.repeat(filled)}${'.'.repeat(20 - filled)}] ${done}/${all} ${fault} …`);
}

/** `command` is the command line of the campaign without seeds and faults. */
export function showResult(result: RoundResult, command: string): void {
  const { fault, seed, seconds, faults, struck, ledger, inSyncSeconds } = result;
  if (process.stdout.isTTY) write('\r\x1b[K');
  const verdict = faults.length === 0 ? 'ok  ' : 'FAIL';
  const counts = ledger
    ? `${ledger.accepted} accepted, ${ledger.applied} applied, lost ${ledger.lost}, doubled ${ledger.doubled}`
    : 'no ledger';
  write(`${verdict} ${fault.padEnd(32)} ${counts}; ${seconds.toFixed(1)} s\n`);
  if (struck) write(`     struck: ${struck.proof}\n`);
  if (struck?.recovery) {
    const { what, seconds, limitSeconds } = struck.recovery;
    write(`     recovery: ${what} after ${seconds.toFixed(2)} s (limit ${limitSeconds.toFixed(1)} s)\n`);
  }
  if (inSyncSeconds !== undefined && inSyncSeconds > 3)
    write(`     in sync ${inSyncSeconds.toFixed(1)} s after the last order\n`);
  for (const line of faults) write(`     - ${line}\n`);
  if (faults.length > 0) write(`     repeat: ${command} --seed ${seed} --only ${fault}\n`);
}

/** Prints the sums of the whole campaign and its closing line. */
export function showSummary(results: readonly RoundResult[], seeds: readonly number[], command: string): void {
  const sum = (of: 'requests' | 'unknown' | 'accepted' | 'applied' | 'lost' | 'doubled') =>
    results.reduce((total, { ledger }) => total + (ledger?.[of] ?? 0), 0);
  const failed = results.filter(({ faults }) => faults.length > 0);
  const struck = results.filter(({ struck }) => struck !== undefined).length;
  const looks = results.reduce((total, { looks = 0 }) => total + looks, 0);
  write(
    `\n${sum('requests')} requests, ${sum('unknown')} of them left without an answer; views and sync-status were checked ${looks} times during the faults\n`,
  );
  write(
    `orders accepted ${sum('accepted')}, applied ${sum('applied')}, lost ${sum('lost')}, doubled ${sum('doubled')}\n`,
  );
  write(`repeat: ${command} --seed ${seeds[0]} --seeds ${seeds.length}\n`);
  write(
    `${struck} of ${results.length} faults struck, ${results.length - failed.length} passed, ${failed.length} failed\n`,
  );
}
