import { z } from 'zod';
import { instant } from './fields.js';
import { OUTBOX_APP_ID } from './topology.js';

/** A position in the write-ahead log as PostgreSQL writes it, `16/B374D848`. */
const walPosition = z.string().regex(/^[0-9A-F]{1,8}\/[0-9A-F]{1,8}$/);

/**
 * Which write database a watermark speaks for. The identity is stored in the database, so it is the same after a restore.
 * The epoch is not: it changes when the history of the database may have changed.
 */
export const source = z.object({
  id: z.guid(),
  epoch: z.string().regex(/^\d+-\d+-\d+-\d+$/),
  /** How far the write-ahead log is on the disk. Within an epoch it never goes back. */
  walPosition,
  /** Where in it the newest checkpoint is, and when that was begun, by the server's clock in whole seconds. */
  checkpointPosition: walPosition,
  checkpointAt: instant,
});

export type Source = z.infer<typeof source>;

/** The parts of an epoch, in their order, and what a change of each says. */
const EPOCH_PARTS = [
  'it is another database cluster',
  'it is another database of the cluster',
  'its timeline changed: a standby was promoted, or it was recovered to a point in time',
  'its tables were restored from a dump',
] as const;

/** In words, what differs between two epochs. */
export function epochChange(before: string, after: string): string {
  const [old, now] = [before.split('-'), after.split('-')];
  return EPOCH_PARTS.find((_, part) => old[part] !== now[part]) ?? 'nothing changed';
}

/** The CloudEvents attribute `source` of events from the outbox, and the extension attribute `epoch` beside it. */
export function cloudEventsSource(id: string): string {
  return `/${OUTBOX_APP_ID}/${id}`;
}

const CLOUD_EVENTS_SOURCE = new RegExp(`^/${OUTBOX_APP_ID}/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$`);

/** The source in it; undefined where there is none, as in messages of version 0.1. */
export function sourceIdOf(cloudEventsSource: unknown): string | undefined {
  return typeof cloudEventsSource === 'string' ? CLOUD_EVENTS_SOURCE.exec(cloudEventsSource)?.[1] : undefined;
}
