import { withClient } from '@tallyline/local/servers/schema';

/**
 * One query for each kind of object: its name and all that defines it. The order of columns is left out, because ADD COLUMN
 * always adds at the end, and no statement of the suite depends on the order.
 */
const QUERIES: Readonly<Record<string, string>> = {
  tables: `
    SELECT c.oid::regclass::text AS name, c.relkind, c.relpersistence, c.relispartition, c.relrowsecurity,
           (SELECT array_agg(o ORDER BY o) FROM unnest(c.reloptions) AS o) AS options,
           CASE c.relkind WHEN 'p' THEN pg_get_partkeydef(c.oid) END AS partitioned,
           pg_get_expr(c.relpartbound, c.oid) AS bound, CASE c.relkind WHEN 'v' THEN pg_get_viewdef(c.oid) END AS view
      FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')`,
  columns: `
    SELECT a.attrelid::regclass::text || '.' || a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type,
           a.attnotnull, a.attidentity, a.attgenerated, pg_get_expr(d.adbin, d.adrelid) AS default, a.attstorage,
           a.attcompression, a.attcollation::regcollation::text AS collation
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
      LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm') AND a.attnum > 0
       AND NOT a.attisdropped`,
  indexes: `
    SELECT i.indexrelid::regclass::text AS name, pg_get_indexdef(i.indexrelid) AS definition, i.indisvalid, i.indisready,
           i.indisprimary, i.indisunique, i.indimmediate
      FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relnamespace = 'public'::regnamespace`,
  constraints: `
    SELECT coalesce(nullif(conrelid, 0)::regclass::text, contypid::regtype::text) || ': ' || conname AS name,
           pg_get_constraintdef(oid) AS definition, convalidated, condeferrable
      FROM pg_constraint WHERE connamespace = 'public'::regnamespace`,
  functions: `
    SELECT oid::regprocedure::text AS name, pg_get_functiondef(oid) AS definition
      FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prokind IN ('f', 'p')`,
  triggers: `
    SELECT t.tgrelid::regclass::text || ': ' || t.tgname AS name, pg_get_triggerdef(t.oid) AS definition, t.tgenabled
      FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
     WHERE c.relnamespace = 'public'::regnamespace AND NOT t.tgisinternal`,
  sequences: `
    SELECT s.seqrelid::regclass::text AS name, format_type(s.seqtypid, NULL) AS type, seqstart, seqincrement, seqmax, seqmin,
           seqcache, seqcycle,
           (SELECT refobjid::regclass::text || '.' || refobjsubid FROM pg_depend
             WHERE objid = s.seqrelid AND deptype IN ('a', 'i') AND refobjsubid > 0) IS NOT NULL AS "isOwned"
      FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid WHERE c.relnamespace = 'public'::regnamespace`,
  types: `
    SELECT t.oid::regtype::text AS name, t.typtype,
           (SELECT array_agg(e.enumlabel ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid) AS labels
      FROM pg_type t WHERE t.typnamespace = 'public'::regnamespace AND t.typtype IN ('e', 'd', 'r')`,
};

/** The definitions of all objects, by their kind and name. */
export type Catalogue = Readonly<Record<string, Readonly<Record<string, object>>>>;

export function readCatalogue(url: string): Promise<Catalogue> {
  return withClient(url, async (client) => {
    const catalogue: Record<string, Record<string, object>> = {};
    for (const [kind, query] of Object.entries(QUERIES)) {
      const { rows } = await client.query<{ name: string }>(query);
      catalogue[kind] = Object.fromEntries(rows.map(({ name, ...rest }) => [name, rest]));
    }
    return catalogue;
  });
}
