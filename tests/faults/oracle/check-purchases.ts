import type { Check } from './judge.js';

interface Stored {
  readonly key: string;
  readonly id: string;
  readonly cents: string;
}

/** Checks that every recorded purchase is stored as sent, and nothing else is. `verify` checks the views of branches. */
export const checkPurchases: Check = async ({ world, purchases }) => {
  const { rows } = await world.write.query<Stored>(
    'SELECT idempotency_key AS key, id::text, (total * 100)::bigint::text AS cents FROM purchases',
  );
  const stored = new Map(rows.map((row) => [row.key, row]));
  const faults = purchases.flatMap(({ key, outcome, attempts, purchaseId, totalCents }) => {
    const found = stored.get(key);
    stored.delete(key);
    const name = `purchase ${key} (${outcome}, sent ${attempts} times)`;
    if (outcome === 'refused') return [`${name} should have been recorded`];
    if (found === undefined) return outcome === 'recorded' ? [`${name} was answered 201 and is lost`] : [];
    const right = Number(found.cents) === totalCents && (purchaseId === undefined || Number(found.id) === purchaseId);
    return right ? [] : [`${name} is stored as ${JSON.stringify(found)}, not with ${totalCents} cents`];
  });
  for (const key of stored.keys()) faults.push(`purchase ${key} was never sent`);
  return faults;
};
