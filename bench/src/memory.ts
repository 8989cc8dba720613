import { readFileSync } from 'node:fs';

const peaksMb = new Map<string, number>();

/** Remembers the greatest peak of resident memory of each service. The kernel keeps it as VmHWM, so nothing is sampled. */
export function notePeak(service: string, pid: number): void {
  const mb = readPeakMb(pid);
  if (mb !== undefined) peaksMb.set(service, Math.max(mb, peaksMb.get(service) ?? 0));
}

export function peaks(): ReadonlyMap<string, number> {
  return peaksMb;
}

/** Only Linux tells another process's peak. */
function readPeakMb(pid: number): number | undefined {
  try {
    const kb = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kb === undefined ? undefined : Number(kb) / 1024;
  } catch {
    return undefined;
  }
}
