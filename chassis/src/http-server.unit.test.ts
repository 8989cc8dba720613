import { once } from 'node:events';
import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { expect, test } from '@jest/globals';
import { eventually } from '@tallyline/local/eventually';
import express from 'express';
import { listen } from './http-server.js';

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
