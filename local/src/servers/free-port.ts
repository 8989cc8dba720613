import { randomInt } from 'node:crypto';
import { createServer, type Server } from 'node:net';

const LOOPBACK = '127.0.0.1';

function listen(port: number, host: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ port, host, exclusive: true }, () => resolve(server));
  });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

/**
 * The range lies below the ports that systems choose for outgoing connections (from 32768 on Linux, 49152 elsewhere).
 * A broker takes seconds to open its port, and an outgoing connection could take that port meanwhile.
 */
const FIRST_PORT = 10_240;
const END_OF_PORTS = 32_768;

/** Finds free ports. All stay open until the last one is chosen, so that none is chosen twice. */
export async function freePorts(count: number): Promise<number[]> {
  const held = new Map<number, Server>();
  while (held.size < count) {
    const port = randomInt(FIRST_PORT, END_OF_PORTS);
    const server = await listen(port, LOOPBACK).catch(ifTaken);
    if (server !== undefined) held.set(port, server);
  }
  await Promise.all([...held.values()].map(close));
  return [...held.keys()];
}

export async function isPortFree(port: number, host = LOOPBACK): Promise<boolean> {
  const server = await listen(port, host).catch(ifTaken);
  if (server !== undefined) await close(server);
  return server !== undefined;
}

/** Throws other errors, such as those for an invalid port or a host that is not this machine. */
function ifTaken(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'EADDRINUSE' && error.code !== 'EACCES') throw error;
}
