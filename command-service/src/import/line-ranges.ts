const MOST_RANGES = 500;

/** Numbers of lines that come in ascending order, in words: "3, 17 to 19". */
export class LineRanges {
  readonly #ranges: { first: number; last: number }[] = [];
  #more = 0;

  add(line: number): void {
    const range = this.#ranges.at(-1);
    if (this.#more === 0 && range?.last === line - 1) range.last = line;
    else if (this.#ranges.length < MOST_RANGES) this.#ranges.push({ first: line, last: line });
    else this.#more += 1;
  }

  toString(): string {
    const ranges = this.#ranges.map(({ first, last }) => (first === last ? `${first}` : `${first} to ${last}`));
    return ranges.join(', ') + (this.#more > 0 ? ` and ${this.#more} more` : '');
  }
}
