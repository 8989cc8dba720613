import { z } from 'zod';
import { type EventDeclaration, newestVersionOf } from './event-versions.js';
import { type AnyEvent, events } from './events.js';

/** The result of reading a body with the event types and versions of this release. */
export type ReadEvent =
  | { readonly kind: 'event'; readonly event: AnyEvent }
  /** An event of a type or of a version that this release does not know. A later release may have written it. */
  | { readonly kind: 'newer'; readonly type: string; readonly version: number; readonly reason: string }
  | { readonly kind: 'invalid'; readonly reason: string };

/** A missing version means 1, and so does null, because many serialisers write it for a missing field. */
const versionSchema = z.int().min(1).nullish();

/** The form of every name of an event type. A text of another form is not a type of a later release either. */
const TYPE_NAME = /^[A-Za-z]\w{0,99}$/;

const MAX_SHOWN_FAULTS = 5;
const MAX_SHOWN_CHARACTERS = 100;

export interface ReadEventOptions {
  /** Words a fault of a field. Without it, the words of zod are used. */
  readonly error?: z.core.$ZodErrorMap;
  /** The event types of this release; tests give others. */
  readonly declarations?: Readonly<Record<string, EventDeclaration>>;
}

/**
 * Reads the JSON of a body as an event of the newest version. An event of an earlier version is checked by the schema of its
 * version, and then upcast. Every reader of events uses this: live, rebuild, redrive, dry run, and verify.
 */
export function readEvent(json: unknown, { error, declarations = events }: ReadEventOptions = {}): ReadEvent {
  const { eventType: type, version: given } = (json ?? {}) as { eventType?: unknown; version?: unknown };
  const version = versionSchema.safeParse(given);
  if (typeof type !== 'string' || !Object.hasOwn(declarations, type)) {
    const reason = `unknown event type ${JSON.stringify(type)?.slice(0, MAX_SHOWN_CHARACTERS)}`;
    if (typeof type !== 'string' || !TYPE_NAME.test(type)) return { kind: 'invalid', reason };
    // A version that is not valid counts as 1, so that the first release with this type reads the event and finds the fault.
    return { kind: 'newer', type, version: version.data ?? 1, reason };
  }
  const declaration = declarations[type] as EventDeclaration;
  if (!version.success) return { kind: 'invalid', reason: `not a valid ${type}: version must be an integer from 1 on` };
  const number = version.data ?? 1;
  const schema = schemaOf(declaration, number);
  if (schema === undefined) {
    const newest = newestVersionOf(declaration);
    return {
      kind: 'newer',
      type,
      version: number,
      reason: `version ${number} of ${type} is newer than version ${newest}, the newest known here`,
    };
  }
  const parsed = schema.safeParse(json, error && { error });
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `${issue.path.join('.') || 'the body'} ${issue.message}`);
    return { kind: 'invalid', reason: `not a valid ${type}: ${faults.slice(0, MAX_SHOWN_FAULTS).join('; ')}` };
  }
  return { kind: 'event', event: upcastFrom(declaration, number, parsed.data) as AnyEvent };
}

/** Returns the schema of a version, or undefined if the type has no such version. */
export function schemaOf({ schema, earlier }: EventDeclaration, version: number): z.ZodType | undefined {
  return earlier[version - 1]?.schema ?? (version === earlier.length + 1 ? schema : undefined);
}

/** Turns a valid event of `version` into one of the newest version. */
export function upcastFrom({ earlier }: EventDeclaration, version: number, event: unknown): unknown {
  return earlier.slice(version - 1).reduce((older, { upcast }) => upcast(older), event);
}

/** Turns a valid event of the newest version into one of `version`, for readers that know no later one. */
export function downcastTo({ earlier }: EventDeclaration, version: number, event: unknown): unknown {
  return earlier.slice(version - 1).reduceRight((newer, { downcast }) => downcast(newer), event);
}
