import type { HttpLoad, HttpLoadAnswer } from '../load/http-load.js';
import { runLoad } from '../load-process.js';

const CONNECTIONS = 64;

/** Returns the rate at which a service answers the requests. Throws if it answers one of them without success. */
export async function httpRate(load: Omit<HttpLoad, 'connections'>): Promise<number> {
  const input: HttpLoad = { ...load, connections: CONNECTIONS };
  const { requestsPerSecond, failures } = await runLoad<HttpLoadAnswer>('http-load', input);
  if (failures > 0) throw new Error(`${failures} requests to ${load.requests[0]?.path} failed`);
  return requestsPerSecond;
}
