import { expect, test } from '@jest/globals';
import { defaultVersions } from '@tallyline/contracts/written-versions';
import { openTestDatabase } from '../../../tests/setup/test-database.js';
import { commitIfFree, type EmittingTx, emit, withEvents } from './emit.js';
import { readEventTime } from './event-time.sql.js';
import { insertOutboxRow } from './outbox.sql.js';

const { pool } = await openTestDatabase('write', { emptied: ['outbox'] });

const handedOver: string[] = [];
const database = {
  pool,
  versions: defaultVersions,
  handOver: {
    claimableFrom: () => undefined,
    committed: (rows: readonly { id: string }[]) => void handedOver.push(...rows.map(({ id }) => id)),
  },
};

async function emitProduct(tx: EmittingTx) {
  const facts = { productId: 1, name: 'Mug', category: 'Kitchen', price: 4.5, stock: 1 };
  return emit(tx, await readEventTime(tx), { type: 'ProductCreated', facts, traceparent: '' });
}

const storedIds = async () => (await pool.query('SELECT id FROM outbox')).rows.map(({ id }) => id);

test('hands over an event after its transaction has committed', async () => {
  const id = await withEvents(database, 'emit', async (tx) => {
    const event = await emitProduct(tx);
    tx.commitBehind([insertOutboxRow(event)]);
    expect(handedOver.splice(0)).toEqual([]);
    return event.id;
  });
  expect(handedOver.splice(0)).toEqual([id]);
  expect(await storedIds()).toEqual([id]);
});

test('does not hand over an event whose transaction failed', async () => {
  const failing = withEvents(database, 'emit', async (tx) => {
    tx.commitBehind([insertOutboxRow(await emitProduct(tx)), { text: 'SELECT 1 / 0' }]);
  });
  await expect(failing).rejects.toThrow('division by zero');
  expect(handedOver.splice(0)).toEqual([]);
  expect(await storedIds()).toEqual([]);
});

test.each([
  ['hands over an event that the last statement stored', 'SELECT 1', 1],
  ['does not hand over an event that the last statement did not store', 'SELECT 1 WHERE false', 0],
])('%s', async (_name, text, count) => {
  const isStored = await withEvents(database, 'emit', async (tx) => {
    await emitProduct(tx);
    return { ask: commitIfFree(tx, { text }) };
  });
  expect(await isStored.ask()).toBe(count === 1);
  expect(handedOver.splice(0)).toHaveLength(count);
});
