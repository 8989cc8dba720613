import { expect, test } from '@jest/globals';
import { keysetPage } from './keyset-page.js';

const url = new URL('http://shop/api/products?limit=2&after=1&category=a%26b');
const cursor = { parameter: 'after', keyOf: (row: number) => row };

test('leaves out the row beyond the limit and links to the page after the last row that is shown', () => {
  const { rows, headers } = keysetPage([5, 6, 7], 2, url, cursor);
  expect(rows).toEqual([5, 6]);
  expect(headers).toEqual({ link: '</api/products?limit=2&after=6&category=a%26b>; rel="next"' });
});

test.each([[[5, 6]], [[5]], [[]]])(
  'links to no next page when the query returns only the rows %j',
  (rows: number[]) => {
    expect(keysetPage(rows, 2, url, cursor)).toEqual({ rows, headers: {} });
  },
);
