import { expect, test } from '@jest/globals';
import { environment } from './environment.js';

const parsed = (zone: string) => environment.safeParse({ SHOP_TIME_ZONE: zone });

test.each(['UTC', 'GMT', 'Europe/Berlin', 'America/Argentina/Buenos_Aires', 'Etc/GMT+5'])(
  'accepts the time zone %s',
  (zone) => {
    expect(parsed(zone).data?.SHOP_TIME_ZONE).toBe(zone);
  },
);

test.each([
  ['PostgreSQL has a fixed offset of that name', ['CET', 'EET', 'MET', 'WET', 'EST', 'MST', 'HST']],
  ['PostgreSQL means another country by that name', ['IST', 'BST', 'CST']],
  ['PostgreSQL does not know that name', ['AET', 'PLT']],
  ['PostgreSQL inverts the offset', ['+02:00', '-05:00', 'UTC+2', 'UTC/+2']],
  ['it is not a time zone', ['', 'Berlin', 'Europe/Nowhere', 'Europe/Berlin ']],
])('refuses a time zone when %s: %s', (_why, zones) => {
  for (const zone of zones) {
    expect([zone, parsed(zone).error?.issues.map(({ message }) => message)]).toEqual([
      zone,
      ['must be UTC or the name of a place, such as Europe/Berlin'],
    ]);
  }
});
