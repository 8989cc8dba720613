import { connect } from 'node:net';

const ANSWER_TIMEOUT_MS = 1_000;

/** EPMD's KILL_REQ: two bytes of length, then `k`. Refused while a node is registered, so it can only follow its broker. */
const KILL_REQUEST = Buffer.from([0, 1, 0x6b]);

/** Erlang's port mapper goes into the background by itself and outlives its broker; asking it is the portable way to end it. */
export function stopEpmd(port: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', timeout: ANSWER_TIMEOUT_MS });
    socket.once('connect', () => socket.end(KILL_REQUEST));
    socket.once('timeout', () => socket.destroy());
    socket.once('error', () => undefined);
    socket.once('close', () => resolve());
    socket.resume();
  });
}
