import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ADDRESSES_FILE } from '@tallyline/chassis/process/config';
import { stopEpmd } from './epmd.js';
import { isAlive, killGroup, sendStopSignal, startTimeOf } from './process-identity.js';

/** Lower stages stop first, so that no process loses a server that it still writes to. */
export const STOP_STAGES = { service: 1, broker: 2, database: 3 } as const;

export interface RunRecord {
  readonly name: string;
  readonly stage: number;
  readonly pid?: number;
  readonly startTime?: string;
  readonly stopSignal?: NodeJS.Signals;
  /** The server is killed if it does not stop by itself within this time. 0 kills it at once. */
  readonly stopTimeoutMs: number;
  readonly epmdPort?: number;
  readonly containerId?: string;
}

const SUFFIX = '.run.json';
const POLL_INTERVAL_MS = 50;
/** Limit of the wait after SIGKILL, because a process that waits for a disk does not end even by SIGKILL. */
const KILL_TIMEOUT_MS = 2_000;

/** Records a server that we started, so that it can be found and stopped even if we are killed with SIGKILL. */
export function recordRun(runDir: string, record: RunRecord, startTime = startTimeOf(record.pid)): void {
  mkdirSync(runDir, { recursive: true });
  writeFileSync(join(runDir, record.name + SUFFIX), JSON.stringify({ ...record, startTime }));
}

export function removeRecord(runDir: string, name: string): void {
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

/** Stops the recorded servers that still run, returns their names, and removes the file with their addresses. */
export async function stopLeftovers(runDir: string): Promise<string[]> {
  rmSync(join(runDir, basename(ADDRESSES_FILE)), { force: true });
  const stopped: string[] = [];
  const records = readRecords(runDir);
  for (const stage of [...new Set(records.map((record) => record.stage))].sort()) {
    const inStage = records.filter((record) => record.stage === stage);
    const names = await Promise.all(inStage.map(stopRecorded));
    stopped.push(...names.flat());
    for (const { name } of inStage) removeRecord(runDir, name);
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
    sendStopSignal(record.pid, record.stopSignal ?? 'SIGTERM');
    await untilEnded(record, record.stopTimeoutMs);
    if (isRunning(record)) killGroup(record.pid);
    await untilEnded(record, KILL_TIMEOUT_MS);
  }
  if (record.epmdPort !== undefined) await stopEpmd(record.epmdPort);
  if (record.containerId === undefined) return wasRunning ? [record.name] : [];
  const { removeContainer } = await import('./container.js');
  return (await removeContainer(record.containerId, record.stopTimeoutMs)) ? [record.name] : [];
}
