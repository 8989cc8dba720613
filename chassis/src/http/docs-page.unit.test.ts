import { expect, test } from '@jest/globals';
import express from 'express';
import request from 'supertest';
import { docsRoutes } from './docs-page.js';

const app = express();
docsRoutes(app, { problemTypes: 'urn:problem:', title: 'a service', description: 'for this test' }, []);

test('every address in the docs page is relative, so that the page also works under a base path', async () => {
  const { text } = await request(app).get('/docs');
  const addresses = [...text.matchAll(/ (?:src|href)="([^"]+)"/g)].map(([, address]) => address);
  expect(addresses.length).toBeGreaterThan(3);
  expect(addresses.filter((address) => !/^(docs\/[0-9a-f]+\/[\w.-]+|openapi\.json)$/.test(address ?? ''))).toEqual([]);
});

test('redirects /docs/ to /docs, because the relative addresses of the page would be wrong at /docs/', async () => {
  const { status, headers } = await request(app).get('/docs/');
  expect([status, headers.location]).toEqual([302, '../docs']);
});

test('serves no file that is not part of the docs page, and none under the address of another version', async () => {
  const { text } = await request(app).get('/docs');
  const version = /docs\/([0-9a-f]+)\//.exec(text)?.[1];
  expect((await request(app).get(`/docs/${version}/start.js`)).status).toBe(200);
  for (const path of [`${version}/index.html`, `${version}/package.json`, `${version}/..%2Fpackage.json`, '0/start.js'])
    expect((await request(app).get(`/docs/${path}`)).status).not.toBe(200);
});
