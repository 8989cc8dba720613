/** The body of an order event that another publisher could send. */
export const validOrder = {
  eventType: 'OrderCreated',
  occurredAt: '2026-01-01T00:00:00.000Z',
  orderId: 900_000_001,
  customerId: 1,
  total: 1,
  items: [{ productId: 1, category: 'Light', quantity: 1, price: 1 }],
};

export const json = (value: object) => Buffer.from(JSON.stringify(value));

/** A body that cannot be decoded. */
export const BROKEN_JSON = '{ broken';

/** A message of each kind that cannot be applied, with the beginning of the reason that its dead letter must have. */
export const badMessages = [
  { kind: 'bytes that are not text', body: Buffer.from([0xff, 0xfe, 0x00, 0x7b]), reason: 'undecodable' },
  { kind: 'truncated JSON', body: Buffer.from('{"eventType":"OrderCreated",'), reason: 'undecodable' },
  {
    kind: 'a body that fails its schema',
    body: json({ ...validOrder, total: 'many' }),
    reason: 'not a valid OrderCreated: total',
  },
  {
    kind: 'an unknown type',
    body: json({ ...validOrder, eventType: 'OrderDreamt' }),
    reason: 'unknown event type "OrderDreamt"',
  },
  {
    kind: 'an unknown version',
    body: json({ ...validOrder, version: 99 }),
    reason: 'version 99 of OrderCreated is newer than',
  },
  {
    kind: 'values that the database refuses',
    body: json({ ...validOrder, occurredAt: '0000-01-01T00:00:00Z' }),
    reason: 'unappliable',
  },
] as const;
