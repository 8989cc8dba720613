import { describe, expect, test } from '@jest/globals';
import type { Source } from '@tallyline/contracts/source';
import { judgeSource, type KnownSource } from './judge-source.js';

const at = (second: number) => new Date(Date.parse('2026-11-20T08:00:00Z') + second * 1000);

function source(more: Partial<Source> = {}): Source {
  return {
    id: '5f0c9a52-7d3e-4b1a-9f57-0c8d6f0a2b11',
    epoch: '7301-16384-1-742',
    walPosition: '16/B374D848',
    checkpointPosition: '16/A0000028',
    checkpointAt: at(-60).toISOString(),
    ...more,
  };
}
const known: KnownSource = judgeSource(undefined, source(), at(10));

test('the first watermark of a write database raises no doubt', () => {
  expect(known).toEqual({ epoch: '7301-16384-1-742', walPosition: '16/B374D848', reportedAt: at(10), doubt: null });
});

test.each<[string, Partial<Source>, number]>([
  ['nothing changed', {}, 11],
  ['the log grew', { walPosition: '17/00000001' }, 11],
  [
    'the log grew, and a checkpoint was made',
    { walPosition: '17/0', checkpointPosition: '16/C0000000', checkpointAt: at(12).toISOString() },
    20,
  ],
  [
    'a checkpoint began in the second of the last report',
    { checkpointPosition: '16/B3700000', checkpointAt: at(11).toISOString() },
    20,
  ],
])('the history of a write database is not doubted when %s', (_what, more, second) => {
  expect(judgeSource(known, source(more), at(second))).toMatchObject({ doubt: null, reportedAt: at(second) });
});

describe('judgeSource', () => {
  test.each<[string, Partial<Source>, RegExp]>([
    ['another cluster has the same identity', { epoch: '9999-16384-1-742' }, /another database cluster/],
    ['another database has the same identity', { epoch: '7301-17777-1-742' }, /another database of the cluster/],
    ['a standby was promoted', { epoch: '7301-16384-2-742' }, /timeline changed/],
    ['a dump was restored', { epoch: '7301-16384-1-990' }, /restored from a dump/],
    ['the log went back', { walPosition: '16/B374D847' }, /went back/],
    [
      'the log grew past the known position, but the newest checkpoint lies before it',
      { walPosition: '16/FFFFFFFF', checkpointPosition: '16/B0000000', checkpointAt: at(15).toISOString() },
      /went back/,
    ],
  ])('doubts the history of a write database when %s', (_what, more, doubt) => {
    expect(judgeSource(known, source(more), at(20)).doubt).toMatch(doubt);
  });

  test('keeps a doubt until it is cleared after a comparison of both sides', () => {
    const promoted = judgeSource(known, source({ epoch: '7301-16384-2-742' }), at(20));
    const later = judgeSource(promoted, source({ epoch: '7301-16384-2-742', walPosition: '17/0' }), at(30));
    expect(later.doubt).toMatch(/timeline changed/);
    expect(
      judgeSource({ ...later, doubt: null }, source({ epoch: '7301-16384-2-742', walPosition: '17/1' }), at(31)).doubt,
    ).toBeNull();
  });
});

test('a watermark that is not newer than the newest one changes nothing', () => {
  const older = source({ epoch: '7301-16384-9-742', walPosition: '1/0' });
  expect(judgeSource(known, older, at(10))).toEqual(known);
  expect(judgeSource(known, older, at(3))).toEqual(known);
});
