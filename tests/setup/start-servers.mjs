import { startTestServers } from '@tallyline/local/testing/test-servers';

/** This file is JavaScript and imports the built package, because Jest loads it without the TypeScript transform. */
export default async function startServers() {
  globalThis.testServers = await startTestServers();
}
