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

test('a connection that never sent a request, such as a browser opens ahead, does not hold up the stop', async () => {
  const server = await served((_request, response) => response.end());
  const idle = connect(server.port, '127.0.0.1');
  await once(idle, 'connect');
  const closed = once(idle, 'close');
  await server.stop();
  await closed;
});

test('a request under way is answered, is told that the connection closes, and then it does', async () => {
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

/** More than the kernel takes of it: the rest waits in the process for its client to read on. */
const LARGE = Buffer.alloc(16 * 1024 * 1024, 'a');

async function halfRead(port: number) {
  const asked = request({ port, host: '127.0.0.1' }).end();
  const [answer] = (await once(asked, 'response')) as [IncomingMessage];
  answer.on('error', () => undefined);
  return answer;
}

test('an answer that its client is still taking is not cut', async () => {
  const server = await served((_request, response) => response.end(LARGE));
  const answer = await halfRead(server.port);
  const stopped = server.stop();
  let taken = 0;
  for await (const part of answer) taken += part.length;
  expect(taken).toBe(LARGE.length);
  await stopped;
});

test('a client that does not take its answer does not hold up the stop', async () => {
  const server = await served((_request, response) => response.end(LARGE));
  const answer = await halfRead(server.port);
  await server.stop();
  expect((await answer.toArray().catch(() => [])).length).toBeLessThan(LARGE.length);
});

test('a request of which a part never comes does not hold up the stop', async () => {
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
  ['a request that is none', 'GARBAGE\r\n\r\n'],
  ['a body that is none', 'POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n'],
  ['a CONNECT', 'CONNECT /api HTTP/1.1\r\nhost: a\r\n\r\n'],
])('a request that is whole gets its own answer, whatever comes behind it: %s', async (_what, behind) => {
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
  // The parser has refused it when a connection that came later is answered.
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

test('a CONNECT is answered, too', async () => {
  const server = await served((_request, response) => response.end());
  const socket = connect(server.port, '127.0.0.1', () => socket.write('CONNECT /api HTTP/1.1\r\nhost: a\r\n\r\n'));
  const [answered] = await once(socket.setEncoding('utf8'), 'data');
  expect(answered).toMatch(/^HTTP\/1\.1 405 Method Not Allowed\r\ncontent-type: application\/problem\+json/);
  await server.stop();
});

test('a client that was refused and does not hang up is hung up on', async () => {
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
