import type { TestServers } from './test-servers.js';
export async function startServers(): Promise<TestServers> {
  throw new Error('native servers: not yet');
}
