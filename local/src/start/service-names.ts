/** The three services, each with the variable of its port. */
export const SERVICES = [
  { name: 'command-service', portVariable: 'COMMAND_SERVICE_PORT' },
  { name: 'consumer-service', portVariable: 'CONSUMER_SERVICE_PORT' },
  { name: 'query-service', portVariable: 'QUERY_SERVICE_PORT' },
] as const;

export type ServiceName = (typeof SERVICES)[number]['name'];

export function portVariableOf(service: ServiceName): string {
  const found = SERVICES.find(({ name }) => name === service);
  if (found === undefined) throw new Error(`there is no service named ${service}`);
  return found.portVariable;
}
