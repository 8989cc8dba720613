import { SERVICE_NAMES, type ServiceName } from '@tallyline/contracts/suite';

export type { ServiceName } from '@tallyline/contracts/suite';

const PORT_VARIABLES = {
  'command-service': 'COMMAND_SERVICE_PORT',
  'consumer-service': 'CONSUMER_SERVICE_PORT',
  'query-service': 'QUERY_SERVICE_PORT',
} as const satisfies Readonly<Record<ServiceName, string>>;

/** The three services, each with the variable of its port. */
export const SERVICES = SERVICE_NAMES.map((name) => ({ name, portVariable: PORT_VARIABLES[name] }));

export function portVariableOf(service: ServiceName): string {
  return PORT_VARIABLES[service];
}
