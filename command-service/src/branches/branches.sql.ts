import type { Queryable } from '@tallyline/chassis/postgres/pool';

export interface Branch {
  readonly branchId: string;
  readonly name: string;
  readonly timeZone: string;
}

export function readBranches(db: Queryable): Promise<Branch[]> {
  return db.query({
    name: 'read-branches',
    text: 'SELECT id AS "branchId", name, time_zone AS "timeZone" FROM branches ORDER BY id',
  });
}
