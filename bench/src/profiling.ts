import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CpuProfile, flameGraph, foldProfile } from './flame-graph.js';

/** Has V8 say where the main thread of each service spends its time. Sampling costs some percent: not for a run to publish. */
export interface Profiling {
  /** Of what is measured from now on. */
  figure: string;
  flagsFor(processName: string): string[];
  /**
   * Call it when the process has ended: that is when it writes its profile. A figure keeps the last one of each service.
   * What was before `fromUs` (process.hrtime), such as the start, is left out.
   */
  draw(service: string, processName: string, fromUs: number): Promise<void>;
}

export async function createProfiling(dir: string, profileDir: string): Promise<Profiling> {
  await mkdir(dir, { recursive: true });
  const fileOf = (processName: string) => `${processName}.cpuprofile`;
  const profiling: Profiling = {
    figure: '',
    flagsFor: (processName) => ['--cpu-prof', `--cpu-prof-dir=${profileDir}`, `--cpu-prof-name=${fileOf(processName)}`],
    draw: async (service, processName, fromUs) => {
      const profile = JSON.parse(await readFile(join(profileDir, fileOf(processName)), 'utf8')) as CpuProfile;
      const { figure } = profiling;
      const title = `${figure}: the main thread of ${service}, without what it waited`;
      await writeFile(join(dir, `${figure}-${service}.svg`), flameGraph(title, foldProfile(profile, fromUs)));
    },
  };
  return profiling;
}
