import { expect, test } from '@jest/globals';
import { NotConnected, TransactionError } from '@tallyline/chassis/postgres/errors';
import pg from 'pg';
import { isEventAtFault } from './refusal.js';

const refused = (code: string, details: Partial<pg.DatabaseError> = {}) =>
  Object.assign(new pg.DatabaseError('refused', 0, 'error'), { code, ...details });

test.each([
  ['a number out of range', refused('22003')],
  ['a check that fails', refused('23514', { table: 'orders_read' })],
  ['an error of our own code', new RangeError('1.001 is not an amount with at most two decimals')],
])('%s may be the fault of the event', (_what, error) => {
  expect(isEventAtFault(error)).toBe(true);
  expect(isEventAtFault(new TransactionError('apply batch', error, false))).toBe(true);
});

test.each([
  ['a prepared statement that the connection lacks', refused('26000')],
  ['a table that is missing', refused('42P01')],
  ['a month that the archive lacks', refused('23514', { table: 'event_archive' })],
  ['a limit of the server', refused('54001')],
  ['an object in use', refused('55006')],
  ['an exception of a trigger', refused('P0001')],
  ['a deadlock', refused('40P01')],
  ['an unknown class of error', refused('ZZ000')],
  ['a login refused for its parameters', new NotConnected('apply batch', refused('22023'))],
])('%s is not the fault of the event', (_what, error) => {
  expect(isEventAtFault(error)).toBe(false);
  expect(isEventAtFault(new TransactionError('apply batch', error, false))).toBe(false);
});
