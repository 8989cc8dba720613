import { fstatSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { findDuplicateKey } from '@tallyline/chassis/http/duplicate-keys';
import { Problem } from '@tallyline/chassis/http/problem';
import { jsonPointer, parseInput } from '@tallyline/chassis/http/validation';
import { type PastOrder, pastOrder } from './import-orders.js';

export interface OrderLine {
  readonly number: number;
  readonly order: PastOrder;
}

/** A line that is no order, and why. */
export interface InvalidLine {
  readonly number: number;
  readonly fault: string;
}

export type Line = OrderLine | InvalidLine;

const BYTE_ORDER_MARK = /^\ufeff/;

/** One order per line; empty lines are passed over. Throws the reason of `stop` when that is given. */
export async function* orderLines(stdin: typeof process.stdin, stop: AbortSignal): AsyncGenerator<Line> {
  let number = 0;
  for await (const line of linesOf(stdin, stop)) {
    stop.throwIfAborted();
    number += 1;
    const text = number === 1 ? line.replace(BYTE_ORDER_MARK, '') : line;
    if (text.trim() !== '') yield { number, ...parse(text) };
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

function parse(text: string): { readonly order: PastOrder } | { readonly fault: string } {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { fault: 'it is not JSON' };
  }
  const duplicate = findDuplicateKey(text);
  if (duplicate !== undefined) return { fault: `${jsonPointer(duplicate)} is there more than once` };
  try {
    return { order: parseInput(pastOrder, json, 'body') };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const { detail, errors = [] } = error.details;
    return { fault: errors.map((fault) => `${fault.pointer} ${fault.detail}`).join(', ') || detail };
  }
}
