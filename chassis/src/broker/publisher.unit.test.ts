import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import type { ConfirmChannel } from 'amqplib';
import { CONFIRM_TIMEOUT_MS, createPublisher, type OutgoingMessage } from './publisher.js';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

const message: OutgoingMessage = {
  exchange: 'e',
  routingKey: 'k',
  body: Buffer.from('{}'),
  properties: { messageId: '1' },
};

/** A broker that confirms when the test calls `confirm`. */
function quietChannel() {
  const due: ((error: unknown) => void)[] = [];
  const confirm = (index = 0) => due.splice(index, 1)[0]?.(null);
  const publish = (_e: string, _k: string, _b: Buffer, _o: object, done: (error: unknown) => void) => due.push(done);
  const channel = Object.assign(new EventEmitter(), { publish }) as unknown as ConfirmChannel;
  return { channel, confirm };
}

test('calls onSilence only while confirms are due', async () => {
  const { channel, confirm } = quietChannel();
  let noticed = 0;
  const publisher = createPublisher(channel, () => {
    noticed += 1;
  });
  jest.advanceTimersByTime(3 * CONFIRM_TIMEOUT_MS);
  expect(noticed).toBe(0);
  const outcome = publisher.publish(message);
  jest.advanceTimersByTime(CONFIRM_TIMEOUT_MS - 1);
  expect(noticed).toBe(0);
  confirm();
  expect(await outcome).toBe('confirmed');
  jest.advanceTimersByTime(2.5 * CONFIRM_TIMEOUT_MS);
  expect(noticed).toBe(0);

  void publisher.publish(message);
  jest.advanceTimersByTime(CONFIRM_TIMEOUT_MS - 1);
  expect(noticed).toBe(0);
  jest.advanceTimersByTime(1_001);
  expect(noticed).toBe(1);
});

test('gives up a message that stays unanswered while others are answered, and ignores its late confirm', async () => {
  const { channel, confirm } = quietChannel();
  let noticed = 0;
  const publisher = createPublisher(channel, () => {
    noticed += 1;
  });
  const outcome = publisher.publishAll([1, 2], () => message);
  confirm(1);
  for (let second = 0; second < CONFIRM_TIMEOUT_MS / 1_000; second += 1) {
    const other = publisher.publish(message);
    confirm(1);
    expect(await other).toBe('confirmed');
    jest.advanceTimersByTime(1_000);
  }
  expect(await outcome).toEqual(['unanswered', 'confirmed']);
  confirm();
  expect([await outcome, noticed]).toEqual([['unanswered', 'confirmed'], 0]);
});

test('gives a broker that answers again time for all confirms that are due', async () => {
  const { channel, confirm } = quietChannel();
  const publisher = createPublisher(channel);
  const outcome = publisher.publishAll([1, 2], () => message);
  jest.advanceTimersByTime(3 * CONFIRM_TIMEOUT_MS);
  confirm();
  jest.advanceTimersByTime(CONFIRM_TIMEOUT_MS - 1_000);
  confirm();
  expect(await outcome).toEqual(['confirmed', 'confirmed']);
});

test('reports two returned copies of one message as returned', async () => {
  const { channel, confirm } = quietChannel();
  const publisher = createPublisher(channel);
  const outcomes = [publisher.publish(message), publisher.publish(message), publisher.publish(message)];
  for (let copy = 0; copy < 2; copy += 1) channel.emit('return', message);
  for (let copy = 0; copy < 3; copy += 1) confirm();
  expect(await Promise.all(outcomes)).toEqual(['returned', 'returned', 'confirmed']);
});
