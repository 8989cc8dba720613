import { expect, test } from '@jest/globals';
import { z } from 'zod';
import { ConfigError, parseConfig } from './config.js';

const schema = z.object({
  PORT: z.coerce.number().int().max(65_535).default(8080),
  URL: z.url('must be a URL'),
  LEVEL: z.enum(['info', 'debug']).default('info'),
  SECONDS: z.coerce.number().default(1),
});

test('reports every fault of the environment at once, each with its variable', () => {
  expect.assertions(2);
  try {
    parseConfig(schema, { PORT: '70000', URL: 'nowhere', LEVEL: 'loud', SECONDS: 'ten' });
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    expect((error as ConfigError).faults).toEqual([
      'PORT must be at most 65535',
      'URL must be a URL',
      'LEVEL must be "info" or "debug"',
      'SECONDS must be a number',
    ]);
  }
});

test('treats an empty variable as unset', () => {
  expect(parseConfig(schema, { PORT: ' ', URL: 'https://example.org', LEVEL: '' })).toEqual({
    PORT: 8080,
    URL: 'https://example.org',
    LEVEL: 'info',
    SECONDS: 1,
  });
});
