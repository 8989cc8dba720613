import { expect, test } from '@jest/globals';
import { runWrites } from './one-round-trip.js';
import type { Statement } from './pool.js';

async function statementOf(...writes: Parameters<typeof runWrites>[2]): Promise<Statement> {
  const sent: Statement[] = [];
  const query = async (statement: Statement) => {
    sent.push(statement);
    return [];
  };
  await runWrites({ query }, 'all', writes);
  expect(sent).toHaveLength(1);
  return sent[0] as Statement;
}

const insert = (table: string, ...values: unknown[]) => ({
  name: `insert-${table}`,
  sql: `INSERT INTO ${table} SELECT * FROM unnest(${values.map((_, index) => `$${index + 1}`).join(', ')})`,
  values,
});

test('combines writes into one statement with the parameters of all, the last write first', async () => {
  const counted = {
    name: 'count',
    with: { came: 'INSERT INTO c VALUES ($1) RETURNING 1' },
    sql: 'INSERT INTO n SELECT $2 FROM came',
    values: [4, 5],
  };
  const statement = await statementOf(insert('a', 1, 2), insert('b', 3), counted);
  expect(statement.values).toEqual([1, 2, 3, 4, 5]);
  expect(statement.text.split('\n')).toEqual([
    'WITH came AS (INSERT INTO c VALUES ($4) RETURNING 1),',
    '"count" AS (INSERT INTO n SELECT $5 FROM came),',
    '"insert-b" AS (INSERT INTO b SELECT * FROM unnest($3))',
    'INSERT INTO a SELECT * FROM unnest($1, $2)',
  ]);
});

test('uses the same prepared statement for the same kinds of writes and another one for other writes', async () => {
  const [first, again, other] = [
    await statementOf(insert('a', 1)),
    await statementOf(insert('a', 2)),
    await statementOf(insert('a', 1), insert('b', 1)),
  ];
  expect(again).toEqual({ ...first, values: [2] });
  expect(other.name).not.toBe(first.name);
});
