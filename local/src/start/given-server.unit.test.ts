import { expect, test } from '@jest/globals';
import { isGiven } from './given-server.js';
import type { Settings } from './settings.js';

const DEFAULT = 'amqp://guest:guest@127.0.0.1:5672';
const answers = async () => undefined;
const isDead = async () => {
  throw new Error('connect ECONNREFUSED');
};

function settings(value?: string): Settings {
  return {
    defaults: { BROKER_URL: DEFAULT },
    variables: { BROKER_URL: value ?? DEFAULT },
    unknown: [],
    isSet: () => value !== undefined,
  };
}

test('an unset URL means that npm start starts the server, even if one answers there', async () => {
  expect(await isGiven(settings(), 'BROKER_URL', answers)).toBe(false);
});

test('a URL that differs from the default is used if a server answers there', async () => {
  expect(await isGiven(settings('amqp://me:secret@broker:5672'), 'BROKER_URL', answers)).toBe(true);
});

test('throws an error with the variable but without the password when the user’s server does not answer', async () => {
  const refusal = isGiven(settings('amqp://me:s@cr:et@broker:5672'), 'BROKER_URL', isDead);
  await expect(refusal).rejects.toThrow(/^BROKER_URL is set to amqp:\/\/me:\*\*\*@broker:5672, .*ECONNREFUSED$/);
});

test('a URL that is set to the default is used if a server answers there', async () => {
  expect(await isGiven(settings(DEFAULT), 'BROKER_URL', answers)).toBe(true);
  expect(await isGiven(settings(DEFAULT), 'BROKER_URL', isDead)).toBe(false);
});
