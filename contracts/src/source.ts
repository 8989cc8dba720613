import { z } from 'zod';
import { instant } from './fields.js';
import { OUTBOX_APP_ID } from './topology.js';

/** A position in the write-ahead log as PostgreSQL writes it, `16/B374D848`. */
const walPosition = z.string().regex(/^[0-9A-F]{1,8}\/[0-9A-F]{1,8}$/);

/**
 * The write database that a watermark comes from. The identity is stored in the database, so a restore keeps it. The
 * epoch changes when the history of the database may have changed.
 */
export const source = z.object({
  id: z.guid(),
  epoch: z.string().regex(/^\d+-\d+-\d+-\d+$/),
  /** The end of the flushed write-ahead log. It never decreases within an epoch. */
  walPosition,
  /** Position of the newest checkpoint, and its start by the server's clock in whole seconds. */
  checkpointPosition: walPosition,
  checkpointAt: instant,
});

export type Source = z.infer<typeof source>;

/** Descriptions of a change in each part of an epoch, in the order of the parts. */
const EPOCH_PARTS = [
  'it is another database cluster',
  'it is another database of the cluster',
  'its timeline changed: a standby was promoted, or it was recovered to a point in time',
  'its tables were restored from a dump',
] as const;

/** Describes the first difference between two epochs. */
export function epochChange(before: string, after: string): string {
  const [old, now] = [before.split('-'), after.split('-')];
  return EPOCH_PARTS.find((_, part) => old[part] !== now[part]) ?? 'nothing changed';
}

/** The CloudEvents attribute `source` of events from the outbox, and the extension attribute `epoch` beside it. */
export function cloudEventsSource(id: string): string {
  return `/${OUTBOX_APP_ID}/${id}`;
}

const CLOUD_EVENTS_SOURCE = new RegExp(`^/${OUTBOX_APP_ID}/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$`);

/** Returns the id in a `source` attribute, or undefined if there is none, as in messages of version 0.1. */
export function sourceIdOf(cloudEventsSource: unknown): string | undefined {
  return typeof cloudEventsSource === 'string' ? CLOUD_EVENTS_SOURCE.exec(cloudEventsSource)?.[1] : undefined;
}
