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

const SILENCE_TIMEOUT_MS = 60_000;

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
  // Who takes nothing of an answer for so long has gone, or holds our memory. No answer is that long in coming: a token is
  // waited for 10 s at most, a statement has 5.
  server.setTimeout(SILENCE_TIMEOUT_MS);
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
 * clients open such connections ahead. So the connections are known here, each with the answers that it waits for: one
 * request may come before the last one is answered.
 */
function trackConnections(server: Server): { finish(): void } {
  const answers = new Map<Socket, Set<ServerResponse>>();
  let finishing = false;
  server.on('connection', (socket) => {
    answers.set(socket, new Set());
    socket.on('close', () => answers.delete(socket));
  });
  server.on('request', ({ socket }, response) => {
    answers.get(socket)?.add(response);
    if (finishing) response.setHeader('connection', 'close');
    response.on('close', () => {
      answers.get(socket)?.delete(response);
      if (finishing && !isAnswerDue(socket)) socket.destroySoon();
    });
  });
  const due = (socket: Socket) => [...(answers.get(socket) ?? [])].filter(({ req }) => req.complete);
  const isAnswerDue = (socket: Socket) => due(socket).length > 0;
  /** Behind requests that were whole: their orders are being stored, and a refusal must not pass for their answer. */
  const refuseBehind = (socket: Socket, refuse: () => void) => {
    const last = due(socket).at(-1);
    const isAnswering = [...(answers.get(socket) ?? [])].some(({ headersSent }) => headersSent);
    if (!socket.writable) socket.destroy();
    else if (last?.headersSent || (last === undefined && isAnswering)) socket.destroySoon();
    else if (last !== undefined) last.setHeader('connection', 'close');
    else refuse();
  };
  server.on('clientError', (error, duplex) => {
    const socket = duplex as Socket;
    refuseBehind(socket, () => refuseMalformed(error, socket));
  });
  server.on('connect', (_request, duplex) => {
    const socket = duplex as Socket;
    refuseBehind(socket, () => refuseTunnel(socket));
  });
  return {
    finish: () => {
      finishing = true;
      for (const socket of answers.keys()) {
        // Nothing is begun for a request of which a part is missing, and the rest may never come.
        const last = due(socket).at(-1);
        if (last === undefined) socket.destroy();
        else if (!last.headersSent) last.setHeader('connection', 'close');
      }
    },
  };
}
