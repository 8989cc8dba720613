import { randomBytes } from 'node:crypto';
import { callManagement } from './rabbitmq-ready.js';

export interface Vhost {
  readonly brokerUrl: string;
  readonly managementUrl: string;
  readonly vhost: string;
  drop(): Promise<void>;
}

/** Creates a vhost, which has its own exchanges, queues and connections. */
export async function createVhost(
  broker: Pick<Vhost, 'brokerUrl' | 'managementUrl'>,
  vhost = `test-${randomBytes(6).toString('hex')}`,
): Promise<Vhost> {
  const { managementUrl } = broker;
  await callManagement(managementUrl, 'PUT', `/api/vhosts/${vhost}`, {});
  const everything = { configure: '.*', write: '.*', read: '.*' };
  await callManagement(managementUrl, 'PUT', `/api/permissions/${vhost}/guest`, everything);
  const brokerUrl = new URL(broker.brokerUrl);
  brokerUrl.pathname = `/${vhost}`;
  return {
    brokerUrl: brokerUrl.href,
    managementUrl,
    vhost,
    drop: async () => {
      await callManagement(managementUrl, 'DELETE', `/api/vhosts/${vhost}`);
    },
  };
}
