import type { z } from 'zod';
import { validationMessage } from '../process/validation-message.js';
import { type Fault, Problem } from './problem.js';

type Place = 'body' | 'parameter' | 'header';

/** Limits the length of the answer, because thousands of unknown fields fit into a body. */
const MAX_FAULTS = 100;

/** Parses input with its schema. Throws a Problem (400) that names every faulty field. */
export function parseInput<S extends z.ZodType>(schema: S, input: unknown, place: Place): z.output<S> {
  const parsed = schema.safeParse(input, { error: validationMessage });
  if (parsed.success) return parsed.data;
  // Only the first fault of a field is reported.
  const byField = new Map<string, Fault>();
  for (const fault of parsed.error.issues.flatMap((issue) => faultsOf(issue, place, input)).reverse()) {
    byField.set(nameOf(fault), fault);
  }
  throw invalidInput([...byField.values()].reverse());
}

/** Creates a Problem (400) that names each faulty field. */
export function invalidInput(faults: readonly Fault[]): Problem {
  const [first] = faults;
  const errors = faults.slice(0, MAX_FAULTS);
  const detail =
    faults.length === 1 && first ? `${nameOf(first)} ${first.detail}` : `${faults.length} fields are not valid`;
  return new Problem({ slug: 'invalid-input', status: 400, detail, errors });
}

function faultsOf(issue: z.core.$ZodIssue, place: Place, input: unknown): Fault[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => at([...issue.path, key], place, issue.message));
  }
  const [name = ''] = issue.path;
  const isRepeated = place === 'parameter' && Array.isArray((input as Record<PropertyKey, unknown>)[name]);
  return [at(issue.path, place, isRepeated ? 'must be given once' : issue.message)];
}

function at(path: readonly PropertyKey[], place: Place, detail: string): Fault {
  if (place === 'body') return { pointer: jsonPointer(path), detail };
  return place === 'header' ? { header: String(path[0]), detail } : { parameter: String(path[0]), detail };
}

/** Formats a path as a URI fragment of RFC 6901. A lone surrogate, which a URI cannot hold, becomes U+FFFD. */
export function jsonPointer(path: readonly PropertyKey[]): string {
  const escaped = (part: PropertyKey) => String(part).toWellFormed().replaceAll('~', '~0').replaceAll('/', '~1');
  return `#${path.map((part) => `/${encodeURIComponent(escaped(part))}`).join('')}`;
}

function nameOf(fault: Fault): string {
  return fault.pointer ?? fault.parameter ?? fault.header ?? 'input';
}
