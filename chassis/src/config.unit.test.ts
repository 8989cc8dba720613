import { expect, test } from '@jest/globals';
import { z } from 'zod';
import { ConfigError, parseConfig } from './config.js';

const schema = z.object({
  PORT: z.coerce.number().int().max(65_535).default(8080),
  URL: z.url(),
  LEVEL: z.enum(['info', 'debug']).default('info'),
});

test('every fault of the environment is reported at once, by variable', () => {
  expect.assertions(2);
  try {
    parseConfig(schema, { PORT: '70000', URL: 'nowhere', LEVEL: 'loud' });
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as ConfigError).faults.map((fault) => fault.split(':')[0])).toEqual(['PORT', 'URL', 'LEVEL']);
  }
});

test('an empty variable counts as unset', () => {
  expect(parseConfig(schema, { PORT: ' ', URL: 'https://example.org', LEVEL: '' })).toEqual({
    PORT: 8080,
    URL: 'https://example.org',
    LEVEL: 'info',
  });
});
