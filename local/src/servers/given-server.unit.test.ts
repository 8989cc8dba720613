import { expect, test } from '@jest/globals';
import type { Settings } from '../start/settings.js';
import { isGiven } from './given-server.js';

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

test('an unset URL means a server of ours, whatever listens there', async () => {
  expect(await isGiven(settings(), 'BROKER_URL', answers)).toBe(false);
});

test('a URL of the person’s own is used', async () => {
  expect(await isGiven(settings('amqp://me:secret@broker:5672'), 'BROKER_URL', answers)).toBe(true);
});

test('a URL of the person’s own must answer; the refusal names the variable and hides the password', async () => {
  const refusal = isGiven(settings('amqp://me:s@cr:et@broker:5672'), 'BROKER_URL', isDead);
  await expect(refusal).rejects.toThrow(/^BROKER_URL is set to amqp:\/\/me:\*\*\*@broker:5672, .*ECONNREFUSED$/);
});

test('the default, when set, means the server there if there is one, else ours', async () => {
  expect(await isGiven(settings(DEFAULT), 'BROKER_URL', answers)).toBe(true);
  expect(await isGiven(settings(DEFAULT), 'BROKER_URL', isDead)).toBe(false);
});
