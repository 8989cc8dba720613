import { startTemporaryBroker } from '@tallyline/local/temporary-servers';
import { type Suite, startSuite } from './suite.js';

export interface SuiteOnOwnBroker {
  readonly broker: Awaited<ReturnType<typeof startTemporaryBroker>>;
  readonly suite: Suite;
  stop(): Promise<void>;
}

/** For tests that do to the broker what no other test may feel. */
export async function startSuiteOnOwnBroker(env: Readonly<Record<string, string>> = {}): Promise<SuiteOnOwnBroker> {
  const broker = await startTemporaryBroker();
  const suite = await startSuite({ BROKER_URL: broker.brokerUrl, ...env });
  return {
    broker,
    suite,
    stop: async () => {
      await suite.stop();
      await broker.stop();
    },
  };
}
