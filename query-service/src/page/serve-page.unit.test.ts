import { appendFile, cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { temporaryDir } from '@tallyline/local/testing/temporary-dir';
import express from 'express';
import request from 'supertest';
import { loadPage } from './assets.js';
import { servePage } from './serve-page.js';

const noStream = (): never => {
  throw new Error('this test opens no stream');
};

function served(page = loadPage('UTC')) {
  const app = express().disable('etag');
  servePage(app, page, noStream);
  return request(app);
}

test('answers 304 to a browser that has the page, also in another encoding', async () => {
  const { headers } = await served().get('/').set('accept-encoding', 'identity');
  const again = await served().get('/').set('accept-encoding', 'gzip').set('if-none-match', String(headers.etag));
  expect(again.status).toBe(304);
  // RFC 9110: a tag of two encodings must be weak (8.8.3.3), and a 304 has the same vary as its 200 (15.4.5).
  expect(headers.etag).toMatch(/^W\/"[0-9a-f]+"$/);
  expect(again.headers).toMatchObject({ etag: headers.etag, vary: 'accept-encoding' });
});

test('sends a changed index.html again, while the addresses of unchanged files stay the same', async () => {
  const folder = await temporaryDir();
  await cp(fileURLToPath(new URL('../../page', import.meta.url)), folder, { recursive: true });
  await appendFile(join(folder, 'index.html'), '<!-- new -->');
  const changed = loadPage('UTC', folder);
  await rm(folder, { recursive: true });
  const { headers } = await served().get('/');
  const answer = await served(changed).get('/').set('if-none-match', String(headers.etag));
  expect([answer.status, changed.version]).toEqual([200, loadPage('UTC').version]);
});

test('writes the time zone of the shop into the page', async () => {
  expect((await served(loadPage('Europe/Berlin')).get('/')).text).toContain('data-time-zone="Europe/Berlin"');
});
