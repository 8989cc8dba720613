import type { z } from 'zod';

/**
 * An earlier version of an event type. Messages of it stay in the outbox, in queues and in the archive, so it is read for
 * ever.
 */
export interface EarlierVersion {
  readonly version: number;
  readonly schema: z.ZodType;
  /** Turns a valid event of this version into one of the next version. It is pure: the same event gives the same result. */
  upcast(event: unknown): unknown;
  /** Turns a valid event of the next version into one of this version, for writers that still write it. It is pure, too. */
  downcast(event: unknown): unknown;
}

/** An event type as its readers and writers need it. */
export interface EventDeclaration {
  /** The schema of the newest version, which is the only one that projections see. */
  readonly schema: z.ZodType;
  /** The routing key in AMQP. */
  readonly topic: string;
  /** The versions before the newest one, version 1 first. */
  readonly earlier: readonly EarlierVersion[];
  /**
   * The version that is written unless EVENT_VERSIONS names another: the newest one that the previous release reads. So an
   * upgrade can begin with the readers, and writers of the new release do not write what old readers cannot read.
   */
  readonly writtenVersion: number;
}

interface Casts<Earlier extends z.ZodType, Next extends z.ZodType> {
  readonly upcast: (event: z.output<Earlier>) => z.output<Next>;
  readonly downcast: (event: z.output<Next>) => z.output<Earlier>;
}

/** Declares an earlier version by its schema, the schema of the next version, and the functions between the two. */
export function earlierVersion<Earlier extends z.ZodType, Next extends z.ZodType>(
  version: number,
  schema: Earlier,
  _next: Next,
  { upcast, downcast }: Casts<Earlier, Next>,
): EarlierVersion {
  type Cast = (event: unknown) => unknown;
  return { version, schema, upcast: upcast as Cast, downcast: downcast as Cast };
}

export function newestVersionOf({ earlier }: EventDeclaration): number {
  return earlier.length + 1;
}
