import { connect } from 'amqplib';
import { eventually } from '../testing/eventually.js';

const CONNECT_TIMEOUT_MS = 3_000;

/** Does a full AMQP handshake with the credentials, because the port opens seconds before the broker accepts logins. */
export async function brokerAnswers(brokerUrl: string): Promise<void> {
  const connection = await connect(brokerUrl, { timeout: CONNECT_TIMEOUT_MS });
  connection.on('error', () => undefined);
  await connection.close();
}

export async function untilRabbitmqAnswers(brokerUrl: string, managementUrl: string, timeoutMs = 60_000) {
  await eventually(() => brokerAnswers(brokerUrl), { timeoutMs, intervalMs: 200 });
  await eventually(() => callManagement(managementUrl, 'GET', '/api/overview'), { timeoutMs, intervalMs: 200 });
}

/** `managementUrl` contains the credentials. They move to a header, because fetch refuses them in a URL. */
export async function callManagement(
  managementUrl: string,
  method: 'GET' | 'PUT' | 'DELETE' | 'POST',
  path: string,
  body?: unknown,
): Promise<Response> {
  const url = new URL(path, managementUrl);
  const credentials = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  url.username = '';
  url.password = '';
  const response = await fetch(url, {
    method,
    headers: {
      authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
      'content-type': 'application/json',
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(CONNECT_TIMEOUT_MS),
  });
  if (!response.ok) throw new Error(`${method} ${path} of the management API answered ${response.status}`);
  return response;
}
