import { beforeEach, expect, test } from '@jest/globals';
import { createLogger } from '@tallyline/chassis/process/logger';
import { type ReplayRequest, replayRequest } from '@tallyline/contracts/replay-request';
import { openTestDatabase } from '../../../tests/setup/test-database.js';
import type { PublisherLink } from '../subscription/publisher-link.js';
import { createReplayRequester } from './request-replay.js';

const { pool } = await openTestDatabase('read');
let requests: ReplayRequest[];
let isDrained: boolean;

const log = createLogger('test', 'silent', 'json');
const publish: PublisherLink['publish'] = async ({ body }) => {
  requests.push(replayRequest.parse(JSON.parse(body.toString())));
  return 'confirmed';
};

beforeEach(async () => {
  requests = [];
  isDrained = true;
  await pool.query('TRUNCATE event_ledger');
  await pool.query('TRUNCATE replay_state; INSERT INTO replay_state DEFAULT VALUES');
  await pool.query('UPDATE sync_state SET measured_at = now(), gap_since = NULL');
});

async function second(ageSeconds: number, committed: number, accounted: number): Promise<string> {
  const { rows } = await pool.query(
    `INSERT INTO event_ledger (second, committed, settled)
     VALUES (date_trunc('second', now() - $1 * interval '1 second'), $2, $3) RETURNING second`,
    [ageSeconds, committed, accounted],
  );
  return rows[0].second.toISOString();
}

async function runOnce(): Promise<ReplayRequest[]> {
  requests = [];
  await createReplayRequester({ pool, log, publish, drained: async () => isDrained }).runOnce();
  return requests;
}

/** Sets the age of the last request for events. */
const lastRequestWas = (seconds: number) =>
  pool.query("UPDATE replay_state SET requested_at = clock_timestamp() - $1 * interval '1 second'", [seconds]);

const lastWatermarksRequestWas = (seconds: number) =>
  pool.query("UPDATE replay_state SET tell_requested_at = clock_timestamp() - $1 * interval '1 second'", [seconds]);

const gapSince = (seconds: number) =>
  pool.query("UPDATE sync_state SET gap_since = clock_timestamp() - $1 * interval '1 second'", [seconds]);

/** Adds seconds that lack their only event; the newest is a minute old. */
const lose = (seconds: number) =>
  pool.query(
    `INSERT INTO event_ledger (second, committed)
     SELECT date_trunc('second', now()) - n * interval '1 second', 1 FROM generate_series(60, 59 + $1::int) AS n`,
    [seconds],
  );

const deliverAll = (request: ReplayRequest | undefined) =>
  pool.query('UPDATE event_ledger SET settled = committed WHERE second = ANY($1::timestamptz[])', [request?.seconds]);

test('requests seconds that lack events and are within the limits of age, only while the queues are empty', async () => {
  await second(5, 3, 2);
  await second(40 * 86_400, 3, 2);
  await second(30, 3, 3);
  expect(await runOnce()).toEqual([]);
  const short = await second(20, 3, 2);
  isDrained = false;
  expect(await runOnce()).toEqual([]);
  isDrained = true;
  expect(await runOnce()).toEqual([{ seconds: [short] }]);
});

test('replay requests back off without progress, and are prompt again after progress', async () => {
  await second(60, 9, 1);
  expect(await runOnce()).toHaveLength(1);
  for (const waitSeconds of [10, 20, 40, 80, 160, 300, 300]) {
    await lastRequestWas(waitSeconds - 1);
    expect(await runOnce()).toEqual([]);
    await lastRequestWas(waitSeconds + 1);
    expect(await runOnce()).toHaveLength(1);
  }
  await pool.query('UPDATE event_ledger SET settled = 5');
  await lastRequestWas(11);
  expect(await runOnce()).toHaveLength(1);
  await pool.query('UPDATE event_ledger SET settled = 9');
  expect(await runOnce()).toEqual([]);
  expect((await pool.query('SELECT attempts FROM replay_state')).rows).toEqual([{ attempts: 0 }]);
});

test('a replay request has a limit of events and begins with the oldest second', async () => {
  const oldest = await second(100, 15_000, 0);
  await second(90, 15_000, 0);
  expect(await runOnce()).toEqual([{ seconds: [oldest] }]);
  await pool.query('TRUNCATE event_ledger');
  await lastRequestWas(1_000);
  const huge = await second(80, 50_000, 0);
  expect(await runOnce()).toEqual([{ seconds: [huge] }]);
});

test('the next seconds are requested as soon as all requested events have come', async () => {
  await lose(25_000);
  for (const count of [10_000, 10_000, 5_000]) {
    const [request] = await runOnce();
    expect(request?.seconds).toHaveLength(count);
    expect(await runOnce()).toEqual([]);
    await deliverAll(request);
  }
  expect(await runOnce()).toEqual([]);
});

test('events that wait in the outbox hold back no requests for lost events', async () => {
  const waiting = [await second(100, 20_000, 0), await second(90, 20_000, 0)];
  const lost = await second(80, 3, 1);
  const all: ReplayRequest[] = [];
  for (let n = 0; n < 4; n += 1) {
    all.push(...(await runOnce()));
    await lastRequestWas(11);
  }
  expect(all.map(({ seconds }) => seconds)).toEqual([[waiting[0]], [waiting[1]], [lost], [waiting[0]]]);
});

test('a replay request without an effect is followed by a smaller one', async () => {
  await lose(11_000);
  const counts: number[] = [];
  for (let n = 0; n < 3; n += 1) {
    const [request] = await runOnce();
    counts.push(request?.seconds.length ?? 0);
    if (n === 1) await deliverAll(request);
    else await lastRequestWas(11);
  }
  expect(counts).toEqual([10_000, 1_000, 10_000]);
});

test('watermarks that are missing for 10 s are requested from the end of the reported time, or from the beginning', async () => {
  await gapSince(9);
  expect(await runOnce()).toEqual([]);
  await gapSince(11);
  const { rows } = await pool.query('SELECT measured_at AS at FROM sync_state');
  expect(await runOnce()).toEqual([{ seconds: [], tellFrom: rows[0].at.toISOString() }]);
  await lastWatermarksRequestWas(11);
  await pool.query('UPDATE sync_state SET measured_at = NULL');
  expect(await runOnce()).toEqual([{ seconds: [], tellFrom: null }]);
});

test('requests for events and for watermarks back off independently', async () => {
  await second(60, 9, 1);
  await runOnce();
  await pool.query('UPDATE replay_state SET attempts = 7');
  await gapSince(1_000);
  expect(await runOnce()).toEqual([{ seconds: [], tellFrom: expect.any(String) }]);
  for (const waitSeconds of [10, 20, 40]) {
    await lastWatermarksRequestWas(waitSeconds - 5);
    expect(await runOnce()).toEqual([]);
    await lastWatermarksRequestWas(waitSeconds + 1);
    expect(await runOnce()).toHaveLength(1);
  }
  // The gap is younger than the last request, so some watermarks have come since then.
  await gapSince(11);
  await lastWatermarksRequestWas(12);
  expect(await runOnce()).toHaveLength(1);
  await pool.query('UPDATE event_ledger SET settled = 5');
  await lastRequestWas(11);
  expect(await runOnce()).toEqual([{ seconds: [expect.any(String)] }]);
});

test('a replay request is sent even if the last one lies in the future because a clock was set back', async () => {
  await second(60, 9, 1);
  await runOnce();
  await lastRequestWas(-3_600);
  expect(await runOnce()).toEqual([{ seconds: [expect.any(String)] }]);
  await lastWatermarksRequestWas(-3_600);
  await gapSince(-3_600);
  expect(await runOnce()).toEqual([{ seconds: [], tellFrom: expect.any(String) }]);
});

test('only one consumer at a time sends replay requests', async () => {
  await second(60, 9, 1);
  const client = await pool.connect();
  await client.query('BEGIN');
  await client.query('SELECT FROM replay_state FOR UPDATE');
  expect(await runOnce()).toEqual([]);
  await client.query('ROLLBACK');
  client.release();
  expect(await runOnce()).toHaveLength(1);
});
