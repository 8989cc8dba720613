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
      summary: 'List the branches',
      answer: {
        status: 200,
        description: 'All branches, with the time zone of their days',
        schema: answer,
      },
    },
    async () => ({ body: await readBranches(db) }),
  );
}
