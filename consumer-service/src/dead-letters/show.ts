import { print, printText } from '@tallyline/chassis/command-line/command-line';
import { onPool } from '@tallyline/chassis/postgres/pool';
import type { DeadLetterMessage } from './dead-letter-message.js';
import { readApplied, readDeadLetters } from './dead-letters.sql.js';
import { listLine } from './list.js';
import { parkedLine, parkedPages } from './parked.js';
import { requireFound, type Selection, selectedPages } from './selection.js';

/** Shows the properties, headers and body of each message with the selected id. */
export async function showDeadLetter(selection: Selection): Promise<void> {
  const { pool, queues, ids } = selection;
  const [id = ''] = ids ?? [];
  const row = (await readDeadLetters(onPool(pool), queues, [id])).get(id);
  let count = 0;
  for await (const page of selectedPages(selection)) {
    for (const deadLetter of page) {
      count += 1;
      const applied = await readApplied(onPool(pool), [id]);
      print(listLine(row, deadLetter, applied.has(id)));
      printMessage(deadLetter);
    }
  }
  for await (const page of parkedPages(selection)) {
    for (const parked of page) {
      count += 1;
      print(parkedLine(parked.row));
      printMessage(parked);
    }
  }
  if (count > 0) return;
  if (row === undefined) requireFound(selection, count);
  else print(listLine(row, undefined, false));
}

function printMessage({ message: { content, properties, fields } }: DeadLetterMessage): void {
  const given = Object.entries(properties).filter(([name, value]) => value !== undefined && name !== 'headers');
  printText(JSON.stringify({ ...Object.fromEntries(given), redelivered: fields.redelivered }, null, 2));
  printText(JSON.stringify(properties.headers ?? {}, null, 2));
  printText(readableBody(content));
}

/** Shows text as text and anything else as hex, up to a limit: a body can have 128 MB. */
function readableBody(body: Buffer, maxBytes = 20_000): string {
  const more = body.length > maxBytes ? `\n… and ${body.length - maxBytes} more bytes` : '';
  const shown = body.subarray(0, maxBytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(shown) + more;
  } catch {
    return `${body.length} bytes that are not UTF-8: ${shown.toString('hex')}${more}`;
  }
}
