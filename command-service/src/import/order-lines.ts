import { fstatSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Problem } from '@tallyline/chassis/problem';
import { parseInput } from '@tallyline/chassis/validation';
import { type PastOrder, pastOrder } from './import-orders.js';

export interface OrderLine {
  readonly number: number;
  readonly order: PastOrder;
}

const BYTE_ORDER_MARK = /^\ufeff/;

/** One order per line; empty lines are passed over. Throws the reason of `stop` when that is given. */
export async function* orderLines(stdin: typeof process.stdin, stop: AbortSignal): AsyncGenerator<OrderLine> {
  let number = 0;
  for await (const line of linesOf(stdin, stop)) {
    stop.throwIfAborted();
    number += 1;
    const text = number === 1 ? line.replace(BYTE_ORDER_MARK, '') : line;
    if (text.trim() !== '') yield { number, order: parse(text, number) };
  }
  stop.throwIfAborted();
}

async function* linesOf(stdin: typeof process.stdin, signal: AbortSignal): AsyncGenerator<string> {
  try {
    // Node takes one for an empty input.
    if (fstatSync(stdin.fd).isDirectory()) throw new Error('it is a directory');
    // Node takes the halves of CRLF for two ends when 100 ms lie between them, as between two chunks that are being stored.
    yield* createInterface({ input: stdin, signal, crlfDelay: Number.POSITIVE_INFINITY });
  } catch (error) {
    // Without its cause, which a lost connection may be: it was not the database's.
    throw new Error(`the input cannot be read: ${error instanceof Error ? error.message : error}`);
  }
}

function parse(text: string, number: number): PastOrder {
  try {
    return parseInput(pastOrder, JSON.parse(text), 'body');
  } catch (error) {
    const reason = error instanceof Problem ? error.details.detail : 'it is not JSON';
    throw new Error(`line ${number} is not an order: ${reason}`);
  }
}
