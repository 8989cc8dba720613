import type { Check } from './judge.js';

/** Checks that all events are published, that the applied ids are the committed ones, and which messages are dead letters or parked. */
export const checkEvents: Check = async ({ world }) => {
  const [outbox, processed, archived, deadLetters, parked] = await Promise.all([
    world.write.query('SELECT id::text AS id, published_at IS NULL AS waiting FROM outbox'),
    world.read.query('SELECT event_id::text AS id FROM processed_events'),
    world.read.query('SELECT event_id::text AS id FROM event_archive'),
    world.read.query('SELECT event_id::text AS id, reason FROM dead_letters'),
    world.read.query('SELECT event_id::text AS id, reason FROM parked_events'),
  ]);
  const ids = (rows: readonly { id: string }[]) => new Set(rows.map(({ id }) => id));
  const [committed, applied] = [ids(outbox.rows), ids(processed.rows)];
  const waiting = outbox.rows.filter((row) => row.waiting).length;
  return [
    ...(waiting > 0 ? [`${waiting} events are unpublished`] : []),
    ...missing('is committed and not applied', committed, applied),
    ...missing('is applied and was never committed', applied, committed),
    ...missing('is applied and not archived', applied, ids(archived.rows)),
    ...missing('is archived and not applied', ids(archived.rows), applied),
    ...missing('cannot be applied and is no dead letter', world.badMessageIds, ids(deadLetters.rows)),
    ...deadLetters.rows
      .filter(({ id }) => !world.badMessageIds.has(id))
      .map(({ id, reason }) => `${id} is a dead letter: ${reason}`),
    ...parked.rows.map(({ id, reason }) => `${id} is parked: ${reason}`),
  ];
};

const SHOWN = 5;

function missing(what: string, all: ReadonlySet<string>, from: ReadonlySet<string>): string[] {
  const lacking = [...all].filter((id) => !from.has(id));
  if (lacking.length <= SHOWN) return lacking.map((id) => `event ${id} ${what}`);
  return [`${lacking.length} events: each ${what}, such as ${lacking[0]}`];
}
