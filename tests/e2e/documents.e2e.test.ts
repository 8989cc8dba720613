import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { Validator } from '@seriousme/openapi-schema-validator';
import { syncReasonCodes } from '@tallyline/contracts/sync-reasons';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { committedDocument } from '../setup/documented.js';
import { openSuite } from '../setup/suite.js';

const suite = await openSuite();

const services = ['command-service', 'consumer-service', 'query-service'] as const;
const urlOf = (name: (typeof services)[number]) =>
  ({ 'command-service': suite.command, 'consumer-service': suite.consumer, 'query-service': suite.query })[name].url;

describe.each(services)('%s', (name) => {
  test('serves an OpenAPI document that an independent validator accepts', async () => {
    const document = await (await fetch(`${urlOf(name)}/openapi.json`)).json();
    const { valid, errors } = await new Validator().validate(document as Record<string, unknown>);
    expect({ valid, errors }).toEqual({ valid: true, errors: undefined });
  });

  test('shows the OpenAPI document at /docs under a strict content security policy, with no inline script and no other host', async () => {
    const response = await fetch(`${urlOf(name)}/docs`);
    const page = await response.text();
    const policy = response.headers.get('content-security-policy');
    expect(policy).toContain("default-src 'none';script-src 'self';style-src 'self'");
    expect(policy).not.toContain('unsafe');
    expect(page).not.toMatch(/<script(?![^>]* src=)|<style| style=| on\w+=|https?:\/\//);
  });

  test('serves every file that /docs loads, and lets browsers keep it for a year', async () => {
    const page = await (await fetch(`${urlOf(name)}/docs`)).text();
    const loaded = [...page.matchAll(/(?:<script[^>]* src|<link[^>]* href)="([^"]+)"/g)].map(([, path]) => path ?? '');
    expect(loaded.map((path) => path.split('/').at(-1)).sort()).toEqual([
      'favicon-32x32.png',
      'start.js',
      'swagger-ui-bundle.js',
      'swagger-ui.css',
    ]);
    const types = { css: 'text/css; charset=utf-8', js: 'text/javascript; charset=utf-8', png: 'image/png' };
    for (const path of loaded) {
      const { status, headers } = await fetch(new URL(path, `${urlOf(name)}/docs`), { method: 'HEAD' });
      expect([path, status, headers.get('content-type'), headers.get('cache-control')]).toEqual([
        path,
        200,
        types[path.split('.').at(-1) as keyof typeof types],
        'public, max-age=31536000, immutable',
      ]);
    }
  });
});

test.each(['command-service', 'query-service'] as const)(
  'docs/openapi/%s.json equals the served document (npm run docs updates it)',
  async (name) => {
    expect(await (await fetch(`${urlOf(name)}/openapi.json`)).json()).toEqual(committedDocument(name));
  },
);

test('every reason of sync-status has a section in docs/operations.md', () => {
  const document = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
  const sections = [...document.matchAll(/^### ([a-z-]+)\n(?!\n|#)/gm)].map(([, code]) => code);
  expect(sections.sort()).toEqual([...syncReasonCodes].sort());
});

test('docs/asyncapi.json satisfies the official schema of AsyncAPI 3', () => {
  const read = (path: string) => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'));
  const ajv = new Ajv({ strict: false, validateFormats: true });
  addFormats.default(ajv);
  const validate = ajv.compile(read('../../node_modules/@asyncapi/specs/schemas/3.0.0-without-$id.json'));
  validate(read('../../docs/asyncapi.json'));
  expect(validate.errors).toBeNull();
});
