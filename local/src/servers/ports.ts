import { isPortFree } from './free-port.js';

export interface WantedPort {
  readonly port: number;
  readonly host: string;
  readonly usedBy: string;
  /** What the person can do about it, besides stopping what listens there. */
  readonly remedy: string;
}

/** All taken ports in one message: one restart per port is a poor way to learn of three. */
export async function refuseTakenPorts(wanted: readonly WantedPort[]): Promise<void> {
  const taken: string[] = [];
  const users = new Map<number, string>();
  for (const { port, host, usedBy, remedy } of wanted) {
    const other = users.get(port);
    users.set(port, usedBy);
    if (other !== undefined) taken.push(`Port ${port} is wanted for ${other} and for ${usedBy}: ${remedy}.`);
    else if (!(await isPortFree(port, host).catch(noSuchHost))) {
      taken.push(`Port ${port}, wanted for ${usedBy}, is taken. Stop what listens there, or ${remedy}.`);
    }
  }
  if (taken.length > 0) throw new Error(taken.join('\n'));
}

/** Only the services listen elsewhere than on loopback, and BIND_ADDR says where. */
function noSuchHost(error: Error): never {
  throw new Error(`BIND_ADDR is no address of this machine: ${error.message}`);
}
