import { expect, test } from '@jest/globals';
import { requiredPort } from './settings.js';

test('any free port is refused by the name of its variable: nobody would know which', () => {
  expect(requiredPort({ QUERY_SERVICE_PORT: '8081' }, 'QUERY_SERVICE_PORT')).toBe(8081);
  expect(() => requiredPort({ QUERY_SERVICE_PORT: '0' }, 'QUERY_SERVICE_PORT')).toThrow(
    'QUERY_SERVICE_PORT must be a port from 1 to 65535, and is 0',
  );
});
