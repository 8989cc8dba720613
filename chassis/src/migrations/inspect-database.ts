import { readSeenServices, type SeenServices } from '../heartbeats/heartbeats.sql.js';
import { type Plan, planMigrations } from './plan.js';
import { isFresh, type Schema } from './prepare-database.js';
import { readRecords } from './schema-migrations.sql.js';
import { databaseExists, withConnection } from './session.sql.js';

/** The state in which `prepareDatabase` would find a database. A fresh or absent one gets the complete schema. */
export type Inspection =
  | { readonly state: 'absent' | 'fresh' }
  | { readonly state: 'in use'; readonly plan: Plan; readonly seen: SeenServices };

/** Reads the state of a database without a change and without a lock. */
export async function inspectDatabase(url: string, schema: Schema): Promise<Inspection> {
  if (!(await databaseExists(url))) return { state: 'absent' };
  return withConnection(url, async (client) => {
    if (await isFresh({ client }, schema)) return { state: 'fresh' };
    const plan = planMigrations(schema.migrations, await readRecords(client));
    return {
      state: 'in use',
      plan,
      seen: await readSeenServices({
        query: async ({ text, values }) => (await client.query(text, [...(values ?? [])])).rows,
      }),
    };
  });
}
