import { readFileSync } from 'node:fs';

const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
};

/** The version of the running code, from package.json. All packages have the same one. */
export function ownVersion(): string {
  return manifest.version;
}

/** Returns a negative number when `a` is older than `b`, and 0 when they are equal. Compares MAJOR.MINOR.PATCH as numbers. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [numbersOf(a), numbersOf(b)];
  return left.map((number, index) => number - (right[index] ?? 0)).find((difference) => difference !== 0) ?? 0;
}

function numbersOf(version: string): number[] {
  const [, ...numbers] = /^(\d+)\.(\d+)\.(\d+)/.exec(version) ?? [];
  if (numbers.length === 0) throw new Error(`"${version}" is not a version such as 1.2.3`);
  return numbers.map(Number);
}
