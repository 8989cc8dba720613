import { expect, test } from '@jest/globals';
import { requiredPort } from './settings.js';

test('a port is refused by the name of its variable when nothing can be opened there', () => {
  expect(requiredPort({ QUERY_SERVICE_PORT: '8081' }, 'QUERY_SERVICE_PORT')).toBe(8081);
  for (const value of ['0', '99999', '80.5', 'http']) {
    expect(() => requiredPort({ QUERY_SERVICE_PORT: value }, 'QUERY_SERVICE_PORT')).toThrow(
      `QUERY_SERVICE_PORT must be a port from 1 to 65535, and is ${value}`,
    );
  }
});
