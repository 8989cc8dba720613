import { once } from 'node:events';
import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { expect, test } from '@jest/globals';
import { eventually } from '@tallyline/local/testing/eventually';
import express from 'express';
import { listen } from './server.js';

async function served(handler: (request: IncomingMessage, response: ServerResponse) => void) {
  return listen(express().use(handler), '127.0.0.1', 0);
}

test('the server stops although a connection has never sent a request', async () => {
  const server = await served((_request, response) => response.end());
  const idle = connect(server.port, '127.0.0.1');
  await once(idle, 'connect');
  const closed = once(idle, 'close');
  await server.stop();
  await closed;
});

test('answers a pending request with connection: close before it stops', async () => {
  const waiting: ServerResponse[] = [];
  const server = await served((_request, response) => void waiting.push(response));
  const asked = request({ port: server.port, host: '127.0.0.1', headers: { connection: 'keep-alive' } });
  const answered = once(asked, 'response');
  asked.end();
  await eventually(() => expect(waiting).toHaveLength(1));
  const stopped = server.stop();
  waiting[0]?.end('done');
  const [answer] = (await answered) as [IncomingMessage];
  expect(answer.headers.connection).toBe('close');
  expect((await answer.toArray()).join('')).toBe('done');
  await stopped;
});

/** The answer exceeds the kernel's buffers, so a part of it waits in the process until the client reads on. */
const LARGE = Buffer.alloc(16 * 1024 * 1024, 'a');

async function halfRead(port: number) {
  const asked = request({ port, host: '127.0.0.1' }).end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  answer.on('error', () => undefined);
  return answer;
}

test('a stopping server does not cut off an answer that the client is still reading', async () => {
  const server = await served((_request, response) => response.end(LARGE));
  const answer = await halfRead(server.port);
  const stopped = server.stop();
  let taken = 0;
  for await (const part of answer) taken += part.length;
  expect(taken).toBe(LARGE.length);
  await stopped;
});

test('the server stops although a client does not read its answer', async () => {
  const server = await served((_request, response) => response.end(LARGE));
  const answer = await halfRead(server.port);
  await server.stop();
  expect((await answer.toArray().catch(() => [])).length).toBeLessThan(LARGE.length);
});

test('the server stops although a part of a request never arrives', async () => {
  const begun: IncomingMessage[] = [];
  const server = await served((request) => void begun.push(request.resume()));
  const stalled = connect(server.port, '127.0.0.1');
  stalled.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n{"a"');
  const closed = once(stalled, 'close');
  stalled.on('error', () => undefined);
  await eventually(() => expect(begun).toHaveLength(1));
  await server.stop();
  await closed;
});

test.each([
  ['a space', ' '],
  ['an invalid request', 'GARBAGE\r\n\r\n'],
  ['an invalid body', 'POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n'],
  ['a CONNECT', 'CONNECT /api HTTP/1.1\r\nhost: a\r\n\r\n'],
])('answers a complete request although invalid bytes follow it: %s', async (_what, behind) => {
  const waiting: ServerResponse[] = [];
  const server = await served((request, response) => {
    request.resume().on('end', () => waiting.push(response));
  });
  const socket = connect(server.port, '127.0.0.1').setEncoding('utf8');
  let answered = '';
  socket.on('data', (text) => (answered += text));
  const closed = once(socket, 'close');
  socket.write('POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\n{}');
  await eventually(() => expect(waiting).toHaveLength(1));
  socket.write(`${behind}\r\nGET`);
  // Once a later connection is answered, the parser has refused the invalid bytes.
  const later = request({ port: server.port, host: '127.0.0.1' }).end();
  await eventually(() => expect(waiting).toHaveLength(2));
  waiting[1]?.end();
  await once(later, 'response');
  waiting[0]?.writeHead(201).end('stored');
  await closed;
  expect(answered).toMatch(/^HTTP\/1\.1 201 /);
  expect(answered).not.toMatch(/ 40[05] /);
  await server.stop();
});

test('answers 405 to a CONNECT', async () => {
  const server = await served((_request, response) => response.end());
  const socket = connect(server.port, '127.0.0.1', () => socket.write('CONNECT /api HTTP/1.1\r\nhost: a\r\n\r\n'));
  const [answered] = await once(socket.setEncoding('utf8'), 'data');
  expect(answered).toMatch(/^HTTP\/1\.1 405 Method Not Allowed\r\ncontent-type: application\/problem\+json/);
  await server.stop();
});

test('resets the connection of a refused client that does not close it', async () => {
  const server = await served((_request, response) => response.end());
  const options = { port: server.port, host: '127.0.0.1', allowHalfOpen: true };
  const socket = connect(options, () => socket.write('CONNECT /api HTTP/1.1\r\nhost: a\r\n\r\n'));
  let reset = false;
  socket.on('error', () => {
    reset = true;
  });
  await once(socket.resume(), 'end');
  await eventually(() => {
    socket.write(' ');
    expect(reset).toBe(true);
  });
  await server.stop();
});
