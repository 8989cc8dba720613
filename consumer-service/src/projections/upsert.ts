import type { WriteStatement } from '@tallyline/chassis/postgres/one-round-trip';
import type { Column, ColumnType, Row } from './merge-rules.js';

export interface Table {
  readonly table: string;
  /** The columns of the primary key. */
  readonly key: Readonly<Record<string, ColumnType>>;
  readonly columns: Readonly<Record<string, Column>>;
}

/** Derives the statement that merges rows of one batch, sorted by key, into the table. Each column is one array parameter. */
export function upsertInto({ table, key, columns }: Table): (rows: readonly Row[]) => WriteStatement {
  const types = [...Object.entries(key), ...Object.entries(columns).map(([name, { type }]) => [name, type] as const)];
  const names = types.map(([name]) => name);
  const selected = types.map(([name, type]) => (type === 'money' ? `${name} * 0.01` : name));
  const parameters = types.map(([, type], index) => `$${index + 1}::${type === 'money' ? 'bigint' : type}[]`);
  const merged = Object.entries(columns).flatMap(([name, { sql }]) => (sql ? [`${name} = ${sql(name)}`] : []));
  const sql = `
        INSERT INTO ${table} AS v (${names.join(', ')})
        SELECT ${selected.join(', ')}
          FROM unnest(${parameters.join(', ')}) AS d (${names.join(', ')})
        ON CONFLICT (${Object.keys(key).join(', ')}) DO ${merged.length === 0 ? 'NOTHING' : `UPDATE SET\n          ${merged.join(',\n          ')}`}`;
  return (rows) => ({ name: `upsert-${table}`, sql, values: names.map((name) => rows.map((row) => row[name])) });
}
