import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import { eventually } from '@tallyline/local/testing/eventually';
import { openTestDatabase } from '../../../tests/setup/test-database.js';
import { applyIsolating } from '../inbox/apply-isolating.js';
import { type DecodedEvent, decode } from '../inbox/decode.js';

const { pool } = await openTestDatabase('read');

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';

function received(productId: number, name = 'Mug'): DecodedEvent {
  const facts = { productId, name, category: 'Kitchen', price: 4.5, stock: 1, unknownToUs: [1e2] };
  // The body is indented, unlike the bodies of our events, to show that the archive keeps the bytes and not only their meaning.
  const body = JSON.stringify(
    { eventType: 'ProductCreated', occurredAt: '2026-11-20T08:17:46.438Z', ...facts },
    null,
    3,
  );
  const raw = {
    queue: 'product-events',
    body: Buffer.from(body),
    messageId: randomUUID(),
    appId: 'foreign',
    traceparent,
  };
  const decoded = decode(raw);
  if (decoded.kind !== 'event') throw new Error(decoded.reason);
  return decoded;
}

const apply = (events: readonly DecodedEvent[]) => applyIsolating(pool, { events, deadLetters: [], watermarks: [] });

test('an event is archived once, byte for byte, in the transaction that applies it', async () => {
  const event = received(1, 'Tasse "groß" 🍵');
  await apply([event, event]);
  await apply([event]);
  const { rows } = await pool.query('SELECT * FROM event_archive WHERE event_id = $1', [event.id]);
  expect(rows).toEqual([
    {
      event_id: event.id,
      received_at: expect.any(Date),
      event_type: 'ProductCreated',
      queue: 'product-events',
      occurred_at: new Date('2026-11-20T08:17:46.438Z'),
      counted: false,
      app_id: 'foreign',
      traceparent,
      body: event.raw.body.toString(),
    },
  ]);
});

async function dropMonths(): Promise<void> {
  const { rows: partitions } = await pool.query(
    "SELECT inhrelid::regclass AS name FROM pg_inherits WHERE inhparent = 'event_archive'::regclass",
  );
  expect(partitions).toHaveLength(2);
  for (const { name } of partitions) await pool.query(`DROP TABLE ${name}`);
}

test('a call that waits while another one creates the archive months finds them and succeeds', async () => {
  await dropMonths();
  const make = 'SELECT create_event_archive_months()';
  const first = await pool.connect();
  try {
    await first.query('BEGIN');
    await first.query(make);
    const second = pool.query(make);
    const waiting = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
    await eventually(async () => expect((await pool.query(waiting)).rows).toHaveLength(1));
    await first.query('COMMIT');
    await second;
  } finally {
    first.release();
  }
});

test('a missing partition of the archive is created, and no event becomes a dead letter', async () => {
  await dropMonths();
  const batches = Array.from({ length: 4 }, (_, n) => [received(100 + n), received(200 + n)]);
  const results = await Promise.all(batches.map(apply));
  expect(results.map(({ applied, deadLetters }) => [applied.length, deadLetters.length])).toEqual(
    batches.map(() => [2, 0]),
  );
  const { rows } = await pool.query('SELECT count(*) AS events FROM event_archive');
  expect(rows).toEqual([{ events: 8 }]);
});
