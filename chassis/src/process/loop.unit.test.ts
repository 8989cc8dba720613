import { expect, test } from '@jest/globals';
import pg from 'pg';
import pino from 'pino';
import { NotConnected } from '../postgres/errors.js';
import { startLoop } from './loop.js';

function refusal(code: string, message: string): pg.DatabaseError {
  return Object.assign(new pg.DatabaseError(message, message.length, 'error'), { code });
}

/** Runs a loop whose turns fail with `failures`, one after another, and returns its warnings. */
async function warningsOf(failures: readonly Error[]): Promise<string[]> {
  const warnings: string[] = [];
  const log = pino({ level: 'warn' }, { write: (line) => void warnings.push(JSON.parse(line).err.message) });
  const left = [...failures];
  let allFailed = () => {};
  const done = new Promise<void>((resolve) => {
    allFailed = resolve;
  });
  const loop = startLoop('work', log, {
    idleMs: 60_000,
    turn: async () => {
      const failure = left.shift();
      if (failure !== undefined) throw failure;
      allFailed();
      return 'idle';
    },
  });
  const hurry = setInterval(() => loop.wake(), 1);
  await done;
  clearInterval(hurry);
  await loop.stop();
  return warnings;
}

test('logs one warning for the different errors of one server restart', async () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:5432'), { code: 'ECONNREFUSED' });
  const warnings = await warningsOf([
    new Error('Connection terminated unexpectedly'),
    refusal('57P01', 'terminating connection due to administrator command'),
    new NotConnected('apply batch', refused),
    new NotConnected('apply batch', refusal('57P03', 'the database system is starting up')),
  ]);
  expect(warnings).toEqual(['Connection terminated unexpectedly']);
});

test('logs a separate warning for a refused login after the server was away', async () => {
  const warnings = await warningsOf([
    new Error('Connection terminated unexpectedly'),
    new NotConnected('apply batch', refusal('28P01', 'password authentication failed')),
    new NotConnected('apply batch', refusal('28P01', 'password authentication failed')),
  ]);
  expect(warnings).toEqual([
    'Connection terminated unexpectedly',
    expect.stringContaining('password authentication failed'),
  ]);
});
