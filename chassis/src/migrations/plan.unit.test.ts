import { expect, test } from '@jest/globals';
import { parseMigration } from './migration-file.js';
import { planMigrations, refuseUnfit } from './plan.js';

const at = new Date('2026-11-20T08:17:46.438Z');
const migration = (number: number, step: string) =>
  parseMigration(`migrations/read/000${number}-a.sql`, `-- kind: transaction\n-- step: ${step}\nSELECT ${number}`);
const files = [migration(1, 'expand'), migration(2, 'contract'), migration(3, 'expand'), migration(4, 'expand')];
const record = (number: number, change = {}) => ({
  id: `000${number}-a`,
  checksum: files[number - 1]?.checksum ?? '',
  step: files[number - 1]?.step ?? '',
  startedAt: at,
  finishedAt: at,
  ...change,
});
const ids = (migrations: readonly { id: string }[]) => migrations.map(({ id }) => id);

test('plans expand steps before contract steps, and the interrupted ones again', () => {
  const plan = planMigrations(files, [record(1), record(4, { finishedAt: null, checksum: 'before it was corrected' })]);
  expect(plan.all.map(({ state }) => state)).toEqual(['applied', 'pending', 'pending', 'started']);
  expect([ids(plan.expand), ids(plan.contract)]).toEqual([['0003-a', '0004-a'], ['0002-a']]);
  expect(() => refuseUnfit(plan)).not.toThrow();
});

test('refuses an applied file whose text has changed, and names it', () => {
  const plan = planMigrations(files, [record(1, { checksum: 'another' })]);
  expect(() => refuseUnfit(plan)).toThrow('migrations/read/0001-a.sql: the text has changed since it was applied');
});

test('names the expand steps that a newer release has applied or begun, and refuses nothing', () => {
  const plan = planMigrations(files.slice(0, 1), [record(1), record(3), record(4, { finishedAt: null })]);
  expect(plan).toMatchObject({ unknown: ['0003-a', '0004-a'], unknownContract: [] });
  expect(() => refuseUnfit(plan)).not.toThrow();
});

test.each([
  ['applied', at],
  ['begun', null],
])('refuses a database in which a newer release has %s a contract step', (_how, finishedAt) => {
  const plan = planMigrations(files.slice(0, 1), [record(1), record(2, { finishedAt })]);
  expect(plan).toMatchObject({ unknown: [], unknownContract: ['0002-a'] });
  expect(() => refuseUnfit(plan)).toThrow('a newer release has run the contract step 0002-a');
});
