import type { Express, Response } from 'express';
import { z } from 'zod';
import { databaseFailure } from '../postgres/failure.js';
import { onPool, type Pool, type Statement } from '../postgres/pool.js';
import { sendJson } from './route.js';

/** Resolves when the check succeeds, rejects with the reason when it fails. */
export type Check = () => Promise<void>;

export interface HealthChecks {
  /** If one of these fails, the service is not ready. */
  readonly required: Readonly<Record<string, Check>>;
  /** If one of these fails, the service is ready but `degraded`, because it can work through the outage. */
  readonly informative?: Readonly<Record<string, Check>>;
}

const checkStatus = z.enum(['up', 'down']);

export const healthReport = z.object({
  status: z.enum(['up', 'degraded', 'down']).meta({
    description:
      'degraded: the service can do its work, but something that it needs in the long run is away; its check says why',
  }),
  checks: z.record(z.string(), z.object({ status: checkStatus, reason: z.string().optional() })).optional(),
});

const CHECK_TIMEOUT_MS = 2_000;

/** `/health/live` answers 200 always; `/health/ready` and `/health` run the checks and answer 200 or 503. */
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
    // The messages of other errors are not shown, because they may hold addresses or credentials.
    return { status: 'down', reason: error instanceof CheckFailed ? error.message : databaseFailure(error) };
  } finally {
    clearTimeout(timer);
  }
}

/** A failed check whose message may be shown to anybody. */
export class CheckFailed extends Error {
  override readonly name = 'CheckFailed';
}

/** Checks a database that is only read; `storageCheck` is for one that is written. */
export function databaseCheck(pool: Pool, statement: Statement): Check {
  return async () => {
    await onPool(pool).query(statement);
  };
}
