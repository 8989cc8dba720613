import { afterAll } from '@jest/globals';
import { startTemporaryBroker } from '@tallyline/local/testing/temporary-servers';
import { openSuite } from './suite.js';

/** For tests that do to the broker what no other test may feel. */
export async function openSuiteOnOwnBroker(env: Readonly<Record<string, string>> = {}) {
  const broker = await startTemporaryBroker();
  const suite = await openSuite({ BROKER_URL: broker.brokerUrl, ...env });
  afterAll(() => broker.stop());
  return { broker, suite };
}
