import { expect, test } from '@jest/globals';
import { parseMigration } from './migration-file.js';
import { planMigrations, refuseChanged } from './plan.js';

const at = new Date('2026-11-20T08:17:46.438Z');
const migration = (number: number, step: string) =>
  parseMigration(`migrations/read/000${number}-a.sql`, `-- kind: transaction\n-- step: ${step}\nSELECT ${number}`);
const files = [migration(1, 'expand'), migration(2, 'contract'), migration(3, 'expand'), migration(4, 'expand')];
const record = (number: number, change = {}) => ({
  id: `000${number}-a`,
  checksum: files[number - 1]?.checksum ?? '',
  startedAt: at,
  finishedAt: at,
  ...change,
});
const ids = (migrations: readonly { id: string }[]) => migrations.map(({ id }) => id);

test('plans expand steps before contract steps, and the interrupted ones again', () => {
  const plan = planMigrations(files, [record(1), record(4, { finishedAt: null, checksum: 'before it was corrected' })]);
  expect(plan.all.map(({ state }) => state)).toEqual(['applied', 'pending', 'pending', 'started']);
  expect([ids(plan.expand), ids(plan.contract)]).toEqual([['0003-a', '0004-a'], ['0002-a']]);
  expect(() => refuseChanged(plan)).not.toThrow();
});

test('refuses an applied file whose text has changed, and names it', () => {
  const plan = planMigrations(files, [record(1, { checksum: 'another' })]);
  expect(() => refuseChanged(plan)).toThrow('migrations/read/0001-a.sql: the text has changed since it was applied');
});

test('names what a newer release has applied', () => {
  expect(planMigrations(files.slice(0, 1), [record(1), record(2)]).unknown).toEqual(['0002-a']);
});
