import type { HttpLoad, HttpLoadAnswer } from '../load/http-load.js';
import { runLoad } from '../load-process.js';

const CONNECTIONS = 64;

/** The rate at which a service answers the requests with success. Fails if it answers any of them otherwise. */
export async function httpRate(load: Omit<HttpLoad, 'connections'>): Promise<number> {
  const input: HttpLoad = { ...load, connections: CONNECTIONS };
  const { requestsPerSecond, failures } = await runLoad<HttpLoadAnswer>('http-load', input);
  if (failures > 0) throw new Error(`${failures} requests to ${load.requests[0]?.path} failed`);
  return requestsPerSecond;
}
