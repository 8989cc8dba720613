import { once } from 'node:events';
import { createServer, IncomingMessage, type Server, type ServerOptions, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Express } from 'express';
import { holdBody } from './body.js';
import { trackConnections } from './connections.js';

export interface HttpServer {
  readonly port: number;
  /** Stops accepting connections and resolves when the pending requests are answered. */
  stop(): Promise<void>;
}

const SILENCE_TIMEOUT_MS = 60_000;

/** Listens on an address; port 0 takes a free one. Rejects when the port is taken. */
export async function listen(app: Express, host: string, port: number): Promise<HttpServer> {
  const server: Server = createServer({
    ...expressMessages(app),
    requestTimeout: 30_000,
    headersTimeout: 10_000,
    keepAliveTimeout: 65_000,
    // The application refuses a missing Host itself, with a problem.
    requireHostHeader: false,
  });
  const connections = trackConnections(server, app);
  // `server.close()` calls this. Node's own function would cut off an answer that the client is still reading.
  server.closeIdleConnections = connections.finish;
  server.on('request', app);
  server.on('checkContinue', (request, response) => {
    holdBody(request, response);
    server.emit('request', request, response);
  });
  // An unknown expectation may be ignored (RFC 9110, section 10.1.1); Node would answer a 417 without a problem.
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  // A client that reads nothing for this long is gone, and its answers fill our memory. Every handler answers sooner.
  server.setTimeout(SILENCE_TIMEOUT_MS);
  server.listen(port, host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
      }),
  };
}

/**
 * Classes for `createServer` whose instances already have the prototypes that Express sets on each request and
 * response. Setting a prototype on an existing object makes V8 treat it as a unique shape, and each later access to it
 * is slow.
 */
function expressMessages(app: Express): Pick<ServerOptions, 'IncomingMessage' | 'ServerResponse'> {
  class Request extends IncomingMessage {}
  class Response extends ServerResponse {}
  Object.setPrototypeOf(Request.prototype, app.request);
  Object.setPrototypeOf(Response.prototype, app.response);
  app.request = Request.prototype as typeof app.request;
  app.response = Response.prototype as typeof app.response;
  return { IncomingMessage: Request, ServerResponse: Response as typeof ServerResponse };
}
