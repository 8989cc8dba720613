import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { envExample } from './env-example.js';
import { environment } from './environment.js';

test('.env.example is the list of settings (npm run docs updates it)', () => {
  expect(readFileSync(new URL('../../.env.example', import.meta.url), 'utf8')).toBe(envExample());
});

test('every setting is listed once, and every line is a comment, a setting or empty', () => {
  const lines = envExample().split('\n');
  expect(lines.filter((line) => !/^(?:# .{1,126}|[A-Z_]+=.*|)$/.test(line))).toEqual([]);
  const names = lines.filter((line) => /^[A-Z_]+=/.test(line)).map((line) => line.split('=')[0]);
  expect(names).toEqual(Object.keys(environment.shape));
});
