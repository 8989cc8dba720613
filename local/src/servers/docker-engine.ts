import { existsSync } from 'node:fs';
import { request } from 'node:http';
import { homedir } from 'node:os';
import { join } from 'node:path';

const ANSWER_TIMEOUT_MS = 3_000;

interface Address {
  readonly socketPath?: string;
  readonly host?: string;
  readonly port?: number;
}

/** If DOCKER_HOST is set, no other address is tried. Setting it to an unused address therefore means "no Docker". */
function engineAddresses(): Address[] {
  const dockerHost = process.env.DOCKER_HOST;
  if (dockerHost !== undefined && dockerHost !== '') {
    const url = new URL(dockerHost);
    if (url.protocol === 'unix:') return [{ socketPath: url.pathname }];
    return [{ host: url.hostname, port: Number(url.port || 2375) }];
  }
  const sockets = ['/var/run/docker.sock', join(homedir(), '.docker/run/docker.sock')];
  if (process.env.XDG_RUNTIME_DIR !== undefined) sockets.push(join(process.env.XDG_RUNTIME_DIR, 'docker.sock'));
  return sockets.filter((path) => existsSync(path)).map((socketPath) => ({ socketPath }));
}

function ping(address: Address): Promise<boolean> {
  return new Promise((resolve) => {
    const call = request({ ...address, path: '/_ping', timeout: ANSWER_TIMEOUT_MS }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    call.on('timeout', () => call.destroy());
    call.on('error', () => resolve(false));
    call.end();
  });
}

/** Asks the engine itself, because a Docker client on the PATH does not mean that an engine is running. */
export async function dockerEngineAnswers(): Promise<boolean> {
  for (const address of engineAddresses()) if (await ping(address)) return true;
  return false;
}
