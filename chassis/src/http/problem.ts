import { STATUS_CODES } from 'node:http';
import type { Express } from 'express';
import { z } from 'zod';

/** One fault of the input. */
const fault = z.object({
  pointer: z
    .string()
    .exactOptional()
    .meta({ description: 'JSON pointer into the body, as URI fragment', example: '#/items/0/quantity' }),
  parameter: z.string().exactOptional(),
  header: z.string().exactOptional(),
  detail: z.string(),
});

export type Fault = Readonly<z.infer<typeof fault>>;

/** The problem document of RFC 9457. A problem may have further members. */
export const problemDocument = (types: string) =>
  z
    .looseObject({
      type: z.string().meta({ description: 'The kind of problem, for programs', example: `${types}invalid-input` }),
      title: z.string(),
      status: z.int(),
      detail: z.string().meta({ description: 'What happened this time, for people' }),
      instance: z.string(),
      errors: z.array(fault).optional().meta({ description: 'Each faulty field' }),
    })
    .meta({ id: 'Problem' });

export interface ProblemDetails {
  /** The kind of problem, for programs: the last part of `type`. */
  readonly slug: string;
  readonly status: number;
  /** This occurrence of the problem, in words for people. */
  readonly detail: string;
  readonly errors?: readonly Fault[];
  /** Additional members of this problem (RFC 9457, section 3.2). */
  readonly extra?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An error that is answered to the client with all its details. Most other errors become a 500 without any. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly details: ProblemDetails;

  constructor(details: ProblemDetails) {
    super(details.detail);
    this.details = details;
  }
}

/** Builds the `application/problem+json` body of RFC 9457. */
export function problemBody(
  { slug, status, detail, errors, extra }: ProblemDetails,
  instance: string,
  app: Pick<Express, 'locals'>,
): object {
  return {
    type: `${app.locals.problemTypes}${slug}`,
    title: STATUS_CODES[status] ?? 'Problem',
    status,
    detail,
    instance,
    ...(errors && { errors }),
    ...extra,
  };
}
