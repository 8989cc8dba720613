import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Express } from 'express';
import { expressMessages } from './express-messages.js';
import { refuseMalformed, refuseTunnel } from './malformed-http.js';

export interface HttpServer {
  readonly port: number;
  /** Stops accepting, lets requests under way finish, and resolves when the last has. */
  stop(): Promise<void>;
}

/** Listens on an address; port 0 takes a free one. Rejects when the port is taken. */
export async function listen(app: Express, host: string, port: number): Promise<HttpServer> {
  const server: Server = createServer({
    ...expressMessages(app),
    requestTimeout: 30_000,
    headersTimeout: 10_000,
    keepAliveTimeout: 65_000,
    // The application refuses it in the form of every other refusal.
    requireHostHeader: false,
  });
  const connections = trackConnections(server);
  server.on('request', app);
  // An expectation that nobody knows may be passed over (RFC 9110, section 10.1.1); Node would answer a bare 417.
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  server.on('connect', (_request, socket) => refuseTunnel(socket as Socket));
  server.listen(port, host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        connections.finish();
      }),
  };
}

/**
 * Node closes idle connections, but takes one that has never sent a request for a busy one, and waits for it: browsers and
 * clients open such connections ahead. So the connections are known here, each with the answer that it waits for.
 */
function trackConnections(server: Server): { finish(): void } {
  const answers = new Map<Socket, ServerResponse | undefined>();
  let finishing = false;
  server.on('connection', (socket) => {
    answers.set(socket, undefined);
    socket.on('close', () => answers.delete(socket));
  });
  server.on('request', ({ socket }, response) => {
    answers.set(socket, response);
    if (finishing) response.setHeader('connection', 'close');
    response.on('close', () => {
      if (finishing) socket.destroySoon();
      else if (answers.get(socket) === response) answers.set(socket, undefined);
    });
  });
  server.on('clientError', (error, duplex) => {
    const socket = duplex as Socket;
    const response = answers.get(socket);
    if (!socket.writable) socket.destroy();
    else if (response?.headersSent) socket.destroySoon();
    // The request before was whole: its order is being stored, and a refusal must not pass for its answer.
    else if (response?.req.complete) response.setHeader('connection', 'close');
    else refuseMalformed(error, socket);
  });
  return {
    finish: () => {
      finishing = true;
      for (const [socket, response] of answers) {
        // Nothing is begun for a request of which a part is missing, and the rest may never come.
        if (!response?.req.complete) socket.destroy();
        else if (!response.headersSent) response.setHeader('connection', 'close');
      }
    },
  };
}
