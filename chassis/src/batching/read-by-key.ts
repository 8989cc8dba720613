import type { Queryable, Statement } from '../postgres/pool.js';

interface Waiting<Row> {
  resolve(row: Row | undefined): void;
  reject(error: unknown): void;
}

/**
 * Reads single rows by key, which `text` takes as the array $1. Reads that arrive while a statement is running share the
 * next one, so many clients cost the database one statement at a time. There is no timer: a lone read is sent at once.
 */
export function readByKey<Key extends string | number, Row extends object>(
  db: Queryable,
  { name, text }: Required<Pick<Statement, 'name' | 'text'>>,
  keyOf: (row: Row) => Key,
): (key: Key) => Promise<Row | undefined> {
  let waiting = new Map<Key, Waiting<Row>[]>();
  let isReading = false;

  const drain = async () => {
    while (waiting.size > 0) {
      const group = waiting;
      waiting = new Map();
      try {
        const rows = await db.query<Row>({ name, text, values: [[...group.keys()]] });
        const byKey = new Map(rows.map((row) => [keyOf(row), row]));
        for (const [key, readers] of group) for (const reader of readers) reader.resolve(byKey.get(key));
      } catch (error) {
        for (const readers of group.values()) for (const reader of readers) reader.reject(error);
      }
    }
    isReading = false;
  };

  return (key) =>
    new Promise((resolve, reject) => {
      const readers = waiting.get(key);
      if (readers) readers.push({ resolve, reject });
      else waiting.set(key, [{ resolve, reject }]);
      if (isReading) return;
      isReading = true;
      void drain();
    });
}
