import type { Queryable, Tx } from '@tallyline/chassis/postgres/pool';
import type { SessionSettings } from '@tallyline/chassis/postgres/session.sql';
import type { View } from '../projections/view.js';

/**
 * The table `view_history` says which views hold every event that was ever applied. A new view, or a new revision of one,
 * lacks the events that older consumers have applied: their ids are in the inbox, so nobody adds them later.
 *
 * The database itself keeps this true, in the transaction that applies events: a trigger on the inbox marks every view that
 * the session does not declare. So no older consumer, however late or frozen, can apply an event unnoticed. init-read.sql
 * holds the trigger, and docs/decisions/0028-the-database-marks-views-that-lack-history.md says why it is one.
 */

/** The setting with which a session declares the views that its events are added to, each with its revision. */
export function filledViews(views: readonly View[]): SessionSettings {
  return { 'tallyline.views': views.map(({ table, revision }) => `${table}:${revision}`).join(' ') };
}

/**
 * Makes the views of this code known to the database, before their first event is applied. A view that is new to it is
 * complete only if no event was ever applied.
 */
export async function registerViews(db: Queryable, views: readonly View[]): Promise<void> {
  await db.query({
    text: 'SELECT register_view(name, revision) FROM unnest($1::text[], $2::int[]) AS known (name, revision) ORDER BY name',
    values: [views.map(({ table }) => table), views.map(({ revision }) => revision)],
  });
}

export interface ViewHistory {
  readonly view: string;
  readonly revision: number;
  readonly complete: boolean;
}

export function readViewHistory(db: Queryable, views: readonly View[]): Promise<ViewHistory[]> {
  return db.query({
    text: 'SELECT view, revision, complete FROM public.view_history WHERE view = ANY ($1::text[]) ORDER BY view',
    values: [views.map(({ table }) => table)],
  });
}

/** Marks views as complete that a rebuild has filled, in its transaction. Returns those that were not complete before. */
export async function markComplete(tx: Tx, views: readonly View[]): Promise<string[]> {
  const rows = await tx.query<{ view: string }>({
    text: `UPDATE public.view_history h SET complete = true, completed_at = clock_timestamp()
             FROM unnest($1::text[], $2::int[]) AS filled (view, revision)
            WHERE h.view = filled.view AND h.revision = filled.revision AND NOT h.complete RETURNING h.view`,
    values: [views.map(({ table }) => table), views.map(({ revision }) => revision)],
  });
  return rows.map(({ view }) => view).sort();
}
