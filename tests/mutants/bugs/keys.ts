import type { Mutant } from '../mutant.js';

const placeOrder = 'command-service/src/orders/place-order.ts';
const keyedTest = 'command-service/src/orders/place-order-keyed.int.test.ts';

/** Bugs that store an order twice, in the idempotency key or in group commit. */
export const keyBugs: readonly Mutant[] = [
  {
    name: 'repeat-unknown-outcome',
    bug: 'the orders of a group are repeated one by one although the group may be committed',
    changes: [
      {
        file: 'chassis/src/batching/group-commit.ts',
        from: "if (failure !== 'unavailable' && failure !== 'contention' && group.length > 1) {",
        to: "if (failure !== 'contention' && group.length > 1) {",
      },
    ],
    caughtBy: {
      file: 'chassis/src/batching/group-commit.unit.test.ts',
      name: 'group commit does not repeat a group whose outcome is unknown',
    },
  },
  {
    name: 'release-key-early',
    bug: 'the lock of a key is released before the transaction of its order has committed',
    changes: [
      {
        file: 'command-service/src/idempotency/idempotency.sql.ts',
        from: "pg_try_advisory_xact_lock(hashtextextended($1 || ' ' || key, 0)) AS locked",
        to: "pg_try_advisory_lock(hashtextextended($1 || ' ' || key, 0)) AND pg_advisory_unlock(hashtextextended($1 || ' ' || key, 0)) AS locked",
      },
    ],
    caughtBy: {
      file: keyedTest,
      name: 'a second copy of the service answers key-running until the first order with that key has committed',
    },
  },
  {
    name: 'keep-key-apart',
    bug: 'the answer of a key is stored in another transaction than its order',
    changes: [
      {
        file: placeOrder,
        from: '    if (accepted.length > 0) tx.commitBehind([insertOrders(accepted, events)]);\n    if (keyed.length > 0) tx.commitBehind([storeResults(KEY_SCOPE, keyed)]);\n',
        to: '    const { text, values = [] } = storeResults(KEY_SCOPE, keyed);\n    await database.pool.query(text, [...values]);\n    tx.commitBehind([insertOrders(accepted, events)]);\n',
      },
    ],
    caughtBy: { file: keyedTest, name: 'stores no idempotency key when its order cannot be stored' },
  },
];
