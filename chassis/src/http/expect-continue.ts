import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * `Expect: 100-continue` (RFC 9110, section 10.1.1): the client sends its body only when it is asked for it. It is asked once
 * nothing speaks against the request any more; Node alone would ask before anybody has looked at it.
 */
const held = new WeakSet<IncomingMessage>();

/** Nobody knows whether the body still comes where the request is answered without it, so the connection ends there. */
export function holdBody(request: IncomingMessage, response: ServerResponse): void {
  held.add(request);
  response.setHeader('connection', 'close');
}

/** Tells a client that waits for it to send its body. */
export function askForBody(request: IncomingMessage, response: ServerResponse): void {
  if (!held.delete(request)) return;
  response.removeHeader('connection');
  response.writeContinue();
}
