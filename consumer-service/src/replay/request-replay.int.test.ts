import { beforeEach, expect, test } from '@jest/globals';
import { createLogger } from '@tallyline/chassis/logger';
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
  await pool.query('UPDATE replay_state SET requested_at = NULL, attempts = 0, missing = 0');
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

test('a watermark that is missing is asked for from the last that was not, or from the beginning', async () => {
  const { rows } = await pool.query('UPDATE sync_state SET gap_since = now() RETURNING measured_at AS at');
  expect(await look()).toEqual([{ seconds: [], tellFrom: rows[0].at.toISOString() }]);
  await lastRequestWas(1_000);
  await pool.query('UPDATE sync_state SET measured_at = NULL');
  expect(await look()).toEqual([{ seconds: [], tellFrom: null }]);
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
