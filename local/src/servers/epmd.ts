import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const ANSWER_TIMEOUT_MS = 1_000;
const PAUSE_MS = 50;
/** epmd refuses to stop while a node is registered, and it takes a moment to notice that its last node has ended. */
const ATTEMPTS = 40;

/** EPMD's KILL_REQ: two bytes of length, then `k`. */
const KILL_REQUEST = Buffer.from([0, 1, 0x6b]);

/** Stops Erlang's port mapper, which outlives its broker. A request to it is the portable way to stop it. */
export async function stopEpmd(port: number): Promise<void> {
  for (let attempt = 0; attempt < ATTEMPTS && (await requestStop(port)); attempt++) await delay(PAUSE_MS);
}

/** Resolves with true if a port mapper was there. */
function requestStop(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    let wasThere = false;
    const socket = connect({ port, host: '127.0.0.1', timeout: ANSWER_TIMEOUT_MS });
    socket.once('connect', () => {
      wasThere = true;
      socket.write(KILL_REQUEST);
    });
    socket.once('timeout', () => socket.destroy());
    socket.once('error', () => undefined);
    socket.once('close', () => resolve(wasThere));
    socket.resume();
  });
}
