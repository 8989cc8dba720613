import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Express } from 'express';
import { refuseMalformed, refuseTunnel } from './malformed.js';

export interface HttpConnections {
  /** Closes each connection after its last pending answer. */
  finish(): void;
}

/** At a stop, clients may take this long to read a complete answer. */
const LEFT_TO_TAKE_MS = 3_000;

/**
 * Tracks the connections of a server with their pending answers. Node closes idle connections at a stop, but waits for
 * those that have never sent a request, and browsers open such connections ahead. A connection may have several pending
 * answers, because requests can be pipelined.
 */
export function trackConnections(server: Server, app: Express): HttpConnections {
  const connections = new Map<Socket, Set<ServerResponse>>();
  let finishing = false;
  const answersOf = (socket: Socket) => [...(connections.get(socket) ?? [])];
  /** The last pending answer to a complete request. The rest of an incomplete request may never arrive. */
  const lastDue = (socket: Socket) => answersOf(socket).findLast(({ req }) => req.complete);

  server.on('connection', (socket) => {
    connections.set(socket, new Set());
    socket.on('close', () => connections.delete(socket));
  });
  server.on('request', ({ socket }, response) => {
    connections.get(socket)?.add(response);
    if (finishing) closeBehind(response);
    response.on('close', () => {
      connections.get(socket)?.delete(response);
      if (finishing && lastDue(socket) === undefined) socket.destroySoon();
    });
  });

  /** Answers pending requests before it refuses: a client that pipelined them would take the refusal for their answer. */
  const refuseBehind = (socket: Socket, refuse: () => void) => {
    if (!socket.writable) socket.destroy();
    else if (closeBehind(lastDue(socket))) return;
    else if (answersOf(socket).some(({ headersSent }) => headersSent)) socket.destroySoon();
    else refuse();
  };
  server.on('clientError', (error, duplex) => {
    const socket = duplex as Socket;
    refuseBehind(socket, () => refuseMalformed(error, socket, app));
  });
  server.on('connect', (_request, duplex) => {
    const socket = duplex as Socket;
    refuseBehind(socket, () => refuseTunnel(socket, app));
  });

  return {
    finish: () => {
      finishing = true;
      for (const socket of connections.keys()) {
        const last = lastDue(socket);
        if (last === undefined) socket.destroy();
        else closeBehind(last);
      }
      setTimeout(() => {
        for (const socket of connections.keys()) if (lastDue(socket)?.writableEnded) socket.destroy();
      }, LEFT_TO_TAKE_MS).unref();
    },
  };
}

/** Makes Node close the connection after this answer. Returns false if there is no answer or its headers are sent. */
function closeBehind(answer: ServerResponse | undefined): boolean {
  if (answer === undefined || answer.headersSent) return false;
  answer.setHeader('connection', 'close');
  return true;
}
