import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ADDRESSES_FILE } from '@tallyline/chassis/process/config';
import { stopEpmd } from '../servers/epmd.js';
import { askToStop, isAlive, killGroup, startTimeOf } from './process-identity.js';

/** Lower stages stop first: nobody may lose a server that it still writes to. */
export const STOP_STAGES = { service: 1, broker: 2, database: 3 } as const;

export interface RunRecord {
  readonly name: string;
  readonly stage: number;
  readonly pid?: number;
  readonly startTime?: string;
  readonly stopSignal?: NodeJS.Signals;
  /** How long it may take to stop by itself before it is killed; 0 kills at once. */
  readonly stopTimeoutMs: number;
  readonly epmdPort?: number;
  readonly containerId?: string;
}

const SUFFIX = '.run.json';
const POLL_INTERVAL_MS = 50;
/** Not even SIGKILL ends a process that waits for a disk; nobody waits for it longer than this. */
const KILL_TIMEOUT_MS = 2_000;

/** What runs on our behalf is written down, so that a supervisor killed with SIGKILL leaves names behind, not riddles. */
export function recordRun(runDir: string, record: RunRecord, startTime = startTimeOf(record.pid)): void {
  mkdirSync(runDir, { recursive: true });
  writeFileSync(join(runDir, record.name + SUFFIX), JSON.stringify({ ...record, startTime }));
}

export function forgetRun(runDir: string, name: string): void {
  rmSync(join(runDir, name + SUFFIX), { force: true });
}

function readRecords(runDir: string): RunRecord[] {
  if (!existsSync(runDir)) return [];
  const files = readdirSync(runDir).filter((file) => file.endsWith(SUFFIX));
  return files.flatMap((file) => {
    try {
      return [JSON.parse(readFileSync(join(runDir, file), 'utf8')) as RunRecord];
    } catch {
      return [];
    }
  });
}

function isRunning({ pid, startTime }: RunRecord): boolean {
  return pid !== undefined && startTime !== undefined && isAlive(pid, startTime);
}

/** Stops what an earlier run left, and answers the names that were really there. Nothing is where it said it was, then. */
export async function stopLeftovers(runDir: string): Promise<string[]> {
  rmSync(join(runDir, basename(ADDRESSES_FILE)), { force: true });
  const stopped: string[] = [];
  const records = readRecords(runDir);
  for (const stage of [...new Set(records.map((record) => record.stage))].sort()) {
    const ofStage = records.filter((record) => record.stage === stage);
    const names = await Promise.all(ofStage.map(stopRecorded));
    stopped.push(...names.flat());
    for (const { name } of ofStage) forgetRun(runDir, name);
  }
  return stopped;
}

async function untilEnded(record: RunRecord, timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (isRunning(record) && Date.now() < deadline) await delay(POLL_INTERVAL_MS);
}

async function stopRecorded(record: RunRecord): Promise<string[]> {
  const wasRunning = isRunning(record);
  if (wasRunning && record.pid !== undefined) {
    askToStop(record.pid, record.stopSignal ?? 'SIGTERM');
    await untilEnded(record, record.stopTimeoutMs);
    if (isRunning(record)) killGroup(record.pid);
    await untilEnded(record, KILL_TIMEOUT_MS);
  }
  if (record.epmdPort !== undefined) await stopEpmd(record.epmdPort);
  if (record.containerId === undefined) return wasRunning ? [record.name] : [];
  const { removeContainer } = await import('../servers/container.js');
  return (await removeContainer(record.containerId, record.stopTimeoutMs)) ? [record.name] : [];
}
