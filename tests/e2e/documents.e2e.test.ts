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

  test('shows it to people, with neither script nor other host', async () => {
    const response = await fetch(`${urlOf(name)}/docs`);
    const page = await response.text();
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(page).toContain('/health/ready');
    expect(page).not.toMatch(/<script|style=|https?:\/\//);
    expect((await fetch(`${urlOf(name)}/docs.css`)).status).toBe(200);
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
