import type { Express, Response } from 'express';
import { z } from 'zod';
import { databaseFailure } from '../postgres/failure.js';
import { onPool, type Pool, type Statement } from '../postgres/pool.js';
import { sendJson } from './route.js';

/** Resolves when all is well, rejects with the reason when not. */
export type Check = () => Promise<void>;

export interface HealthChecks {
  /** Without these the service cannot do its work: readiness fails. */
  readonly required: Readonly<Record<string, Check>>;
  /** These may be away for a while, because that is what the design is for: the service is ready, and `degraded`. */
  readonly informative?: Readonly<Record<string, Check>>;
}

const checkStatus = z.enum(['up', 'down']);

export const healthReport = z.object({
  status: z.enum(['up', 'degraded', 'down']).meta({
    description:
      'degraded: it can do its work, and something is away that it needs in the long run; its check says why',
  }),
  checks: z.record(z.string(), z.object({ status: checkStatus, reason: z.string().optional() })).optional(),
});

const CHECK_TIMEOUT_MS = 2_000;

/** `/health/live`: the process answers. `/health/ready` and `/health`: it can do its work (200), with every check by name. */
export function healthRoutes(app: Express, { required, informative = {} }: HealthChecks): void {
  const answer = async (response: Response) => {
    const [must, may] = await Promise.all([runAll(required), runAll(informative)]);
    const areUp = (checks: Awaited<ReturnType<typeof runAll>>) =>
      Object.values(checks).every(({ status }) => status === 'up');
    const isReady = areUp(must);
    const status = !isReady ? 'down' : areUp(may) ? 'up' : 'degraded';
    sendJson(response, isReady ? 200 : 503, { status, checks: { ...must, ...may } });
  };
  app.get('/health/live', (_request, response) => sendJson(response, 200, { status: 'up' }));
  app.get('/health/ready', (_request, response) => answer(response));
  app.get('/health', (_request, response) => answer(response));
}

async function runAll(checks: Readonly<Record<string, Check>>) {
  const results = await Promise.all(
    Object.entries(checks).map(async ([name, check]) => [name, await runOne(check)] as const),
  );
  return Object.fromEntries(results);
}

async function runOne(check: Check): Promise<{ status: 'up' | 'down'; reason?: string }> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new CheckFailed('no answer in time')), CHECK_TIMEOUT_MS);
  });
  try {
    await Promise.race([check(), tooLate]);
    return { status: 'up' };
  } catch (error) {
    // Only reasons written for this place are shown: others may hold addresses or credentials.
    return { status: 'down', reason: error instanceof CheckFailed ? error.message : databaseFailure(error) };
  } finally {
    clearTimeout(timer);
  }
}

/** A reason that may be shown to whoever asks. */
export class CheckFailed extends Error {
  override readonly name = 'CheckFailed';
}

/** For a database that is only read. One that is written has `storageCheck`. */
export function databaseCheck(pool: Pool, statement: Statement): Check {
  return async () => {
    await onPool(pool).query(statement);
  };
}
