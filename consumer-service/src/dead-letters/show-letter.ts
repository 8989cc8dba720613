import { print, printText } from '@tallyline/chassis/command-line/command-line';
import { onPool } from '@tallyline/chassis/postgres/pool';
import { chosenPages, type DeadLetterContext } from './chosen-letters.js';
import { readApplied, readDeadLetters } from './dead-letters.sql.js';
import { listLine, readableBody } from './describe.js';

export async function showLetter(context: DeadLetterContext): Promise<void> {
  const { pool, queues, ids } = context;
  const [id = ''] = ids ?? [];
  const row = (await readDeadLetters(onPool(pool), queues, [id])).get(id);
  let found = false;
  for (const queue of queues) {
    for await (const letter of inTurn(chosenPages(context, queue))) {
      found = true;
      const applied = await readApplied(onPool(pool), [id]);
      print(listLine(row, letter, applied.has(id)));
      const { content, properties, fields } = letter.message;
      const given = Object.entries(properties).filter(([name, value]) => value !== undefined && name !== 'headers');
      printText(JSON.stringify({ ...Object.fromEntries(given), redelivered: fields.redelivered }, null, 2));
      printText(JSON.stringify(properties.headers ?? {}, null, 2));
      printText(readableBody(content));
    }
  }
  if (found) return;
  if (row === undefined) throw new Error(`there is no dead letter ${id}; list shows those that there are`);
  print(listLine(row, undefined, false));
}

async function* inTurn<T>(pages: AsyncIterable<readonly T[]>): AsyncGenerator<T> {
  for await (const page of pages) yield* page;
}
