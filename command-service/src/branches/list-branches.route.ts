import { type Route, route } from '@tallyline/chassis/http/route';
import type { Queryable } from '@tallyline/chassis/postgres/pool';
import { z } from 'zod';
import { readBranches } from './branches.sql.js';

const answer = z.array(z.object({ branchId: z.string(), name: z.string(), timeZone: z.string() }));

export function listBranchesRoute(db: Queryable): Route {
  return route(
    'get',
    '/api/branches',
    {
      summary: 'The branches',
      answer: { status: 200, description: 'Every branch, with the time zone that its days follow', schema: answer },
    },
    async () => ({ body: await readBranches(db) }),
  );
}
