import { describe, expect, test } from '@jest/globals';
import { isOlder, olderServices, readSessionName } from './older-services.js';

test.each([
  ['0.2.0', '0.3.0', true],
  ['0.3.0', '0.3.0', false],
  ['0.3.1', '0.3.0', false],
  ['0.10.0', '0.9.0', false],
  ['0.9.9', '1.0.0', true],
  ['0.3.0-rc.1', '0.3.0', true],
  ['0.3.0', '0.3.0-rc.1', false],
  ['unknown', '0.3.0', true],
])('version %s is older than %s: %j', (version, than, expected) => {
  expect(isOlder(version, than)).toBe(expected);
});

test.each([
  ['command-service 0.3.0', { service: 'command-service', version: '0.3.0' }],
  ['command-service relay 0.3.0', { service: 'command-service', version: '0.3.0' }],
  ['command-service relay', { service: 'command-service', version: undefined }],
  ['consumer-service - 10.0.0.1:4711', { service: 'consumer-service', version: undefined }],
  ['consumer-service 0.3.0 - 10.0.0.1:4711', { service: 'consumer-service', version: '0.3.0' }],
  ['verify', undefined],
])('reads the session name %j', (name, expected) => {
  expect(readSessionName(name)).toEqual(expected);
});

describe('olderServices', () => {
  test('is empty when all services have the release of the migrations or a newer one', () => {
    const heartbeats = [{ service: 'command-service', version: '0.3.0' }];
    expect(olderServices('0.3.0', heartbeats, ['command-service 0.3.0', 'query-service 0.4.0', 'psql'])).toEqual([]);
  });

  test('names a service by its heartbeat, once for all its copies', () => {
    const heartbeat = { service: 'consumer-service', version: '0.3.0' };
    expect(olderServices('0.4.0', [heartbeat, heartbeat], [])).toEqual([
      'consumer-service 0.3.0 has reported within the last minute',
    ]);
  });

  test('names a service without heartbeats by its sessions, also beside newer copies', () => {
    const newer = [{ service: 'consumer-service', version: '0.3.0' }];
    expect(olderServices('0.3.0', newer, ['consumer-service', 'consumer-service 0.3.0', 'query-service'])).toEqual([
      'consumer-service before 0.3.0 is connected',
      'query-service before 0.3.0 is connected',
    ]);
  });
});
