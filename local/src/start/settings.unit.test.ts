import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readSettings, requiredPort } from './settings.js';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'settings-'));
  await writeFile(join(root, '.env.example'), 'LOG_LEVEL=info\nSHOP_TIME_ZONE=UTC\nLOG_FORMAT=json\n');
  await writeFile(join(root, '.env'), 'LOG_LEVEL=warn\nSHOP_TIMEZONE=Europe/Berlin\nLOG_FORMAT=\n');
});
afterAll(() => rm(root, { recursive: true }));

test('the environment overrides .env, .env overrides the defaults, and an empty value counts as unset', () => {
  const settings = readSettings(root, { SHOP_TIME_ZONE: 'Europe/Paris', LOG_LEVEL: undefined });
  expect(settings.variables).toMatchObject({ LOG_LEVEL: 'warn', SHOP_TIME_ZONE: 'Europe/Paris', LOG_FORMAT: 'json' });
  expect(['LOG_LEVEL', 'SHOP_TIME_ZONE', 'LOG_FORMAT'].map(settings.isSet)).toEqual([true, true, false]);
});

test('lists the names in .env that are not settings', () => {
  expect(readSettings(root, {}).unknown).toEqual(['SHOP_TIMEZONE']);
});

test('refuses port 0 with the name of its variable', () => {
  expect(requiredPort({ QUERY_SERVICE_PORT: '8081' }, 'QUERY_SERVICE_PORT')).toBe(8081);
  expect(() => requiredPort({ QUERY_SERVICE_PORT: '0' }, 'QUERY_SERVICE_PORT')).toThrow(
    'QUERY_SERVICE_PORT must be a port from 1 to 65535, but it is 0',
  );
});
