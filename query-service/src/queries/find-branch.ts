import type { Queryable } from '@tallyline/chassis/postgres/pool';
import { tillId } from '@tallyline/contracts/fields';
import { z } from 'zod';
import { notFound } from '../not-found.js';
import { SHOP_NOW } from './shop-clock.sql.js';

export const branchPath = z.object({ branch: tillId });

export interface Branch {
  readonly branchId: string;
  /** The present day in the branch's time zone. */
  readonly today: string;
}

/** Returns the branch of a path, or throws a 404 that names all branches. */
export async function findBranch(db: Queryable, branchId: string): Promise<Branch> {
  const branches = await db.query<Branch>({
    name: 'find-branch',
    text: `SELECT id AS "branchId", (${SHOP_NOW} AT TIME ZONE time_zone)::date::text AS today FROM branches ORDER BY id`,
  });
  const branch = branches.find((candidate) => candidate.branchId === branchId);
  if (branch !== undefined) return branch;
  const known = branches.map((candidate) => candidate.branchId).join(', ');
  throw notFound(`there is no branch ${JSON.stringify(branchId)}; the branches are ${known}`);
}
