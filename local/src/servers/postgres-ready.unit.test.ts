import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from '@jest/globals';
import { eventually } from '../testing/eventually.js';
import { freePorts } from './free-port.js';
import { untilPostgresAnswers } from './postgres-ready.js';

const FIELDS = ['SFATAL', 'VFATAL', 'C57P03', 'Mthe database system is starting up', ''].map((field) => `${field}\0`);
const BODY = Buffer.from(FIELDS.join(''));
const STARTING_UP = Buffer.concat([Buffer.from([0x45, 0, 0, 0, BODY.length + 4]), BODY]);

test('waits past the timeout while the server reports that it is starting up, and only until the timeout when it does not answer', async () => {
  const [port = 0] = await freePorts(1);
  let asked = 0;
  const recovering = createServer((socket) => {
    socket.on('error', () => undefined);
    asked += 1;
    socket.once('data', () => socket.end(STARTING_UP));
  });
  recovering.listen(port, '127.0.0.1');
  await once(recovering, 'listening');
  const ready = untilPostgresAnswers(`postgres://postgres:postgres@127.0.0.1:${port}/postgres`, 100);
  const failed = ready.then(
    () => 'ready',
    (error) => error.code,
  );
  await Promise.race([failed, eventually(() => expect(asked).toBeGreaterThan(10))]);
  expect(asked).toBeGreaterThan(10);
  recovering.close();
  expect(await failed).toMatch(/^ECONN/);
});
