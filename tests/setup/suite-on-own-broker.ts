import { afterAll } from '@jest/globals';
import { startTemporaryBroker } from '@tallyline/local/testing/temporary-servers';
import { openSuite } from './suite.js';

/** Opens a suite with a broker of its own, for tests that stop or block the broker. */
export async function openSuiteOnOwnBroker(env: Readonly<Record<string, string>> = {}) {
  const broker = await startTemporaryBroker();
  const suite = await openSuite({ BROKER_URL: broker.brokerUrl, ...env });
  afterAll(() => broker.stop());
  return { broker, suite };
}
