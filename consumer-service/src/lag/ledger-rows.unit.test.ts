import { expect, test } from '@jest/globals';
import { lowestUuidOf } from '@tallyline/chassis/process/uuid-v7';
import type { Watermark } from '@tallyline/contracts/watermark';
import { ledgerRows } from './ledger-rows.js';

const at = (ms: number) => new Date(Date.parse('2026-11-20T08:00:00Z') + ms);
const idOf = (ms: number) => lowestUuidOf(at(ms));
const second = (ms: number) => at(ms).toISOString();
const watermark = (...seconds: Watermark['seconds']): Watermark => {
  return { measuredAt: second(9_000), from: second(0), isFirst: false, seconds, waiting: 0 };
};

test('events are counted by the second of their commit, with the time of the last one', () => {
  expect(ledgerRows([idOf(1_200), idOf(300), idOf(1_100)], [])).toEqual([
    { second: second(0), accounted: 1, lastAt: second(300), committed: 0, firstAt: null },
    { second: second(1_000), accounted: 2, lastAt: second(1_200), committed: 0, firstAt: null },
  ]);
});

test('the same second of two watermarks gets the greater count and the earlier first event', () => {
  const early = watermark({ second: second(0), committed: 2, firstAt: second(500) });
  const late = watermark({ second: second(0), committed: 3, firstAt: second(100) });
  for (const order of [
    [early, late],
    [late, early],
  ])
    expect(ledgerRows([], order)).toEqual([
      { second: second(0), accounted: 0, lastAt: null, committed: 3, firstAt: second(100) },
    ]);
});

test('events and watermarks of one second share a row, and rows are sorted', () => {
  const rows = ledgerRows([idOf(5_000)], [watermark(...[7, 5, 1].map((n) => secondWith(n)))]);
  expect(rows.map((row) => [row.second, row.accounted, row.committed])).toEqual([
    [second(1_000), 0, 1],
    [second(5_000), 1, 5],
    [second(7_000), 0, 7],
  ]);
});

function secondWith(n: number): Watermark['seconds'][number] {
  return { second: second(n * 1_000), committed: n, firstAt: second(n * 1_000) };
}

test('a batch without events from the outbox and without watermarks adds no rows', () => {
  expect(ledgerRows([], [])).toEqual([]);
});
