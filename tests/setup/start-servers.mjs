import { startTestServers } from '@tallyline/local/testing/test-servers';

/** Jest loads this file without its TypeScript transform, so it is JavaScript and imports the built package. */
export default async function startServers() {
  globalThis.testServers = await startTestServers();
}
