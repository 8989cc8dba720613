import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { viewTables } from './index.js';
import { viewGrants } from './view-grants.js';

test('docs/grants-on-views.sql has the rights that the views need (npm run docs updates it)', () => {
  expect(readFileSync(new URL('../../../docs/grants-on-views.sql', import.meta.url), 'utf8')).toBe(viewGrants());
});

test('every table of a view is granted once', () => {
  const granted = [...viewGrants().matchAll(/^ {2}(\w+),?$/gm)].map(([, table]) => table);
  expect(granted.sort()).toEqual([...viewTables].sort());
});
