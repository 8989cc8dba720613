import { startTestServers } from '@tallyline/local/testing/test-servers';

/** Plain JavaScript on the built package: jest loads this file itself, outside its TypeScript transform. */
export default async function startServers() {
  globalThis.testServers = await startTestServers();
}
