import { STATUS_CODES } from 'node:http';

/** One fault of the input: a JSON pointer as URI fragment (`#/items/0/quantity`), or the name of a parameter. */
export interface Fault {
  readonly pointer?: string;
  readonly parameter?: string;
  readonly header?: string;
  readonly detail: string;
}

export interface ProblemDetails {
  /** What kind of problem, for programs: `urn:tallyline:problem:<slug>`. */
  readonly slug: string;
  readonly status: number;
  /** What happened this time, for people. */
  readonly detail: string;
  readonly errors?: readonly Fault[];
  /** Members of this problem's own, e.g. the current price (RFC 9457, section 3.2). */
  readonly extra?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A refusal that its sender is told in full. Anything else that is thrown becomes a 500 that says nothing. */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly details: ProblemDetails;

  constructor(details: ProblemDetails) {
    super(details.detail);
    this.details = details;
  }
}

/** The `application/problem+json` body of RFC 9457. */
export function problemBody({ slug, status, detail, errors, extra }: ProblemDetails, instance: string): object {
  return {
    type: `urn:tallyline:problem:${slug}`,
    title: STATUS_CODES[status] ?? 'Problem',
    status,
    detail,
    instance,
    ...(errors && { errors }),
    ...extra,
  };
}
