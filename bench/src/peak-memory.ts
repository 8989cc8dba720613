import { readFileSync } from 'node:fs';

/** The greatest peak of resident memory of each service, by its name. */
export const peaksMb = new Map<string, number>();

/** Reads the peak of a running service. The kernel keeps it as VmHWM, so nothing has to be sampled. */
export function notePeak(service: string, pid: number): void {
  const mb = readPeakMb(pid);
  if (mb !== undefined) peaksMb.set(service, Math.max(mb, peaksMb.get(service) ?? 0));
}

/** Only Linux shows the peak of another process. */
function readPeakMb(pid: number): number | undefined {
  try {
    const kb = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kb === undefined ? undefined : Number(kb) / 1024;
  } catch {
    return undefined;
  }
}
