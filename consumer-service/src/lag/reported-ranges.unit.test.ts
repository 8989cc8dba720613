import { expect, test } from '@jest/globals';
import { addReport, type Range, type Reported } from './reported-ranges.js';

const range = (from: number, until: number): Range => ({ from, until });
const reported = (until: number, ...ahead: Range[]): Reported => ({ until, ahead });
const NOTHING = reported(Number.NEGATIVE_INFINITY);
const FIRST = Number.NEGATIVE_INFINITY;

test.each<[string, Reported, Range, Reported]>([
  ['a first report without a beginning stays ahead of a gap', NOTHING, range(1, 2), reported(FIRST, range(1, 2))],
  ['a report from the beginning starts the reported time', NOTHING, range(FIRST, 2), reported(2)],
  ['a report that touches the reported time extends it', reported(2), range(2, 3), reported(3)],
  ['a report that overlaps the reported time extends it', reported(2), range(1, 3), reported(3)],
  ['a report of reported time changes nothing', reported(3, range(5, 6)), range(1, 2), reported(3, range(5, 6))],
  ['a report beyond a gap stays ahead', reported(2), range(3, 4), reported(2, range(3, 4))],
  ['an empty report changes nothing', reported(2), range(4, 4), reported(2)],
  [
    'a report that fills the only gap joins what was ahead',
    reported(2, range(3, 4), range(4.5, 5)),
    range(2, 3),
    reported(4, range(4.5, 5)),
  ],
  ['a report that covers all gaps joins everything', reported(2, range(3, 4), range(5, 6)), range(2, 9), reported(9)],
  ['ranges ahead are kept in order', reported(2, range(5, 6)), range(3, 4), reported(2, range(3, 4), range(5, 6))],
  ['ranges ahead that touch become one', reported(2, range(3, 4), range(5, 6)), range(4, 5), reported(2, range(3, 6))],
  ['a report from the beginning up to a range ahead joins it', reported(2, range(8, 9)), range(FIRST, 8), reported(9)],
])('%s', (_name, before, report, after) => {
  expect(addReport(before, report)).toEqual(after);
});

test('the order in which reports arrive makes no difference', () => {
  const reports = [range(FIRST, 1), range(1, 2), range(2, 3), range(4, 5), range(4.5, 6)];
  for (let shift = 0; shift < reports.length; shift += 1) {
    const shifted = [...reports.slice(shift), ...reports.slice(0, shift)];
    for (const order of [shifted, [...shifted].reverse()])
      expect(order.reduce(addReport, NOTHING)).toEqual(reported(3, range(4, 6)));
  }
});
