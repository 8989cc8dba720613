import { beforeEach, expect, test } from '@jest/globals';
import { createLogger } from '@tallyline/chassis/process/logger';
import { type ReplayRequest, replayRequest } from '@tallyline/contracts/replay-request';
import { openTestDatabase } from '../../../tests/setup/test-database.js';
import type { Outbound } from '../outbound.js';
import { createReplayRequester } from './request-replay.js';

const { pool } = await openTestDatabase('read');
let asked: ReplayRequest[];
let isDrained: boolean;

const log = createLogger('test', 'silent', 'json');
const publish: Outbound['publish'] = async ({ body }) => {
  asked.push(replayRequest.parse(JSON.parse(body.toString())));
  return 'confirmed';
};

beforeEach(async () => {
  asked = [];
  isDrained = true;
  await pool.query('TRUNCATE event_ledger');
  await pool.query('TRUNCATE replay_state; INSERT INTO replay_state DEFAULT VALUES');
  await pool.query('UPDATE sync_state SET measured_at = now(), gap_since = NULL');
});

async function second(ageSeconds: number, committed: number, settled: number): Promise<string> {
  const { rows } = await pool.query(
    `INSERT INTO event_ledger (second, committed, settled)
     VALUES (date_trunc('second', now() - $1 * interval '1 second'), $2, $3) RETURNING second`,
    [ageSeconds, committed, settled],
  );
  return rows[0].second.toISOString();
}

async function look(): Promise<ReplayRequest[]> {
  asked = [];
  await createReplayRequester({ pool, log, publish, drained: async () => isDrained }).runOnce();
  return asked;
}

/** As if the last request had been that long ago. */
const lastRequestWas = (seconds: number) =>
  pool.query("UPDATE replay_state SET requested_at = clock_timestamp() - $1 * interval '1 second'", [seconds]);

const lastTellingWas = (seconds: number) =>
  pool.query("UPDATE replay_state SET tell_requested_at = clock_timestamp() - $1 * interval '1 second'", [seconds]);

const gapSince = (seconds: number) =>
  pool.query("UPDATE sync_state SET gap_since = clock_timestamp() - $1 * interval '1 second'", [seconds]);

/** One event in each of so many seconds, the newest a minute ago, and none of them has come. */
const lose = (seconds: number) =>
  pool.query(
    `INSERT INTO event_ledger (second, committed)
     SELECT date_trunc('second', now()) - n * interval '1 second', 1 FROM generate_series(60, 59 + $1::int) AS n`,
    [seconds],
  );

const allCame = (request: ReplayRequest | undefined) =>
  pool.query('UPDATE event_ledger SET settled = committed WHERE second = ANY($1::timestamptz[])', [request?.seconds]);

test('asks for seconds that are short, old enough and not too old, and only while no event waits in a queue', async () => {
  await second(5, 3, 2);
  await second(40 * 86_400, 3, 2);
  await second(30, 3, 3);
  expect(await look()).toEqual([]);
  const short = await second(20, 3, 2);
  isDrained = false;
  expect(await look()).toEqual([]);
  isDrained = true;
  expect(await look()).toEqual([{ seconds: [short] }]);
});

test('asks less and less often while nothing comes of it, and promptly again after progress', async () => {
  await second(60, 9, 1);
  expect(await look()).toHaveLength(1);
  for (const waitSeconds of [10, 20, 40, 80, 160, 300, 300]) {
    await lastRequestWas(waitSeconds - 1);
    expect(await look()).toEqual([]);
    await lastRequestWas(waitSeconds + 1);
    expect(await look()).toHaveLength(1);
  }
  await pool.query('UPDATE event_ledger SET settled = 5');
  await lastRequestWas(11);
  expect(await look()).toHaveLength(1);
  await pool.query('UPDATE event_ledger SET settled = 9');
  expect(await look()).toEqual([]);
  expect((await pool.query('SELECT attempts FROM replay_state')).rows).toEqual([{ attempts: 0 }]);
});

test('a request is bounded, oldest seconds first', async () => {
  const oldest = await second(100, 15_000, 0);
  await second(90, 15_000, 0);
  expect(await look()).toEqual([{ seconds: [oldest] }]);
  await pool.query('TRUNCATE event_ledger');
  await lastRequestWas(1_000);
  const huge = await second(80, 50_000, 0);
  expect(await look()).toEqual([{ seconds: [huge] }]);
});

test('as soon as all has come that was asked for, the next is asked for', async () => {
  await lose(25_000);
  for (const count of [10_000, 10_000, 5_000]) {
    const [request] = await look();
    expect(request?.seconds).toHaveLength(count);
    expect(await look()).toEqual([]);
    await allCame(request);
  }
  expect(await look()).toEqual([]);
});

test('events that merely wait in the outbox, however many, keep no others from being asked for', async () => {
  const waiting = [await second(100, 20_000, 0), await second(90, 20_000, 0)];
  const lost = await second(80, 3, 1);
  const asked: ReplayRequest[] = [];
  for (let n = 0; n < 4; n += 1) {
    asked.push(...(await look()));
    await lastRequestWas(11);
  }
  expect(asked.map(({ seconds }) => seconds)).toEqual([[waiting[0]], [waiting[1]], [lost], [waiting[0]]]);
});

test('what a write side of an earlier version does not take is asked for in a smaller request', async () => {
  await lose(11_000);
  const counts: number[] = [];
  for (let n = 0; n < 3; n += 1) {
    const [request] = await look();
    counts.push(request?.seconds.length ?? 0);
    if (n === 1) await allCame(request);
    else await lastRequestWas(11);
  }
  expect(counts).toEqual([10_000, 1_000, 10_000]);
});

test('a watermark that is missing for 10 s is asked for from the last that was not, or from the beginning', async () => {
  await gapSince(9);
  expect(await look()).toEqual([]);
  await gapSince(11);
  const { rows } = await pool.query('SELECT measured_at AS at FROM sync_state');
  expect(await look()).toEqual([{ seconds: [], tellFrom: rows[0].at.toISOString() }]);
  await lastTellingWas(11);
  await pool.query('UPDATE sync_state SET measured_at = NULL');
  expect(await look()).toEqual([{ seconds: [], tellFrom: null }]);
});

test('events that do not come hold back no telling, nor the other way round', async () => {
  await second(60, 9, 1);
  await look();
  await pool.query('UPDATE replay_state SET attempts = 7');
  await gapSince(1_000);
  expect(await look()).toEqual([{ seconds: [], tellFrom: expect.any(String) }]);
  for (const waitSeconds of [10, 20, 40]) {
    await lastTellingWas(waitSeconds - 1);
    expect(await look()).toEqual([]);
    await lastTellingWas(waitSeconds + 1);
    expect(await look()).toHaveLength(1);
  }
  // Some was told since the last request.
  await gapSince(11);
  await lastTellingWas(12);
  expect(await look()).toHaveLength(1);
  await pool.query('UPDATE event_ledger SET settled = 5');
  await lastRequestWas(11);
  expect(await look()).toEqual([{ seconds: [expect.any(String)] }]);
});

test('what was asked in the future, before the clock was set back, holds nothing back', async () => {
  await second(60, 9, 1);
  await look();
  await lastRequestWas(-3_600);
  expect(await look()).toEqual([{ seconds: [expect.any(String)] }]);
  await lastTellingWas(-3_600);
  await gapSince(-3_600);
  expect(await look()).toEqual([{ seconds: [], tellFrom: expect.any(String) }]);
});

test('of several consumers one asks at a time', async () => {
  await second(60, 9, 1);
  const client = await pool.connect();
  await client.query('BEGIN');
  await client.query('SELECT FROM replay_state FOR UPDATE');
  expect(await look()).toEqual([]);
  await client.query('ROLLBACK');
  client.release();
  expect(await look()).toHaveLength(1);
});
