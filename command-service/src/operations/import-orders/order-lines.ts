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

/** A line that is not an order, and the reason. */
export interface InvalidLine {
  readonly number: number;
  readonly fault: string;
}

export type Line = OrderLine | InvalidLine;

const BYTE_ORDER_MARK = /^\ufeff/;

/** Yields one order per line, and skips empty lines. Throws the reason of `stop` once that is aborted. */
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
    // Node would treat a directory as an empty input.
    if (fstatSync(stdin.fd).isDirectory()) throw new Error('it is a directory');
    // By default, Node counts CR and LF as two line ends if 100 ms pass between them, as they can between two chunks.
    yield* createInterface({ input: stdin, signal, crlfDelay: Number.POSITIVE_INFINITY });
  } catch (error) {
    // The new error has no `cause`, because a lost input connection would be reported as a lost database connection.
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

const MAX_RANGES = 500;

/** Collects ascending line numbers and prints them as ranges: "3, 17 to 19". */
export class LineRanges {
  readonly #ranges: { first: number; last: number }[] = [];
  #more = 0;

  add(line: number): void {
    const range = this.#ranges.at(-1);
    if (this.#more === 0 && range?.last === line - 1) range.last = line;
    else if (this.#ranges.length < MAX_RANGES) this.#ranges.push({ first: line, last: line });
    else this.#more += 1;
  }

  toString(): string {
    const ranges = this.#ranges.map(({ first, last }) => (first === last ? `${first}` : `${first} to ${last}`));
    return ranges.join(', ') + (this.#more > 0 ? ` and ${this.#more} more` : '');
  }
}
