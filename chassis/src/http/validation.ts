import type { z } from 'zod';
import { validationMessage } from '../process/validation-message.js';
import { type Fault, Problem } from './problem.js';

type Place = 'body' | 'parameter' | 'header';

/** 5,000 unknown fields fit into a body, and would make an answer of five times its size. */
const MOST_FAULTS = 100;

/** Parses input with its schema. Throws a 400 Problem that names every faulty field. */
export function parseInput<S extends z.ZodType>(schema: S, input: unknown, place: Place): z.output<S> {
  const parsed = schema.safeParse(input, { error: validationMessage });
  if (parsed.success) return parsed.data;
  // One fault a field: 1e300 is too large, and what else it is helps nobody.
  const byField = new Map<string, Fault>();
  for (const fault of parsed.error.issues.flatMap((issue) => faultsOf(issue, place, input)).reverse()) {
    byField.set(nameOf(fault), fault);
  }
  throw invalidInput([...byField.values()].reverse());
}

/** 400 that names each faulty field. */
export function invalidInput(faults: readonly Fault[]): Problem {
  const [first] = faults;
  const errors = faults.slice(0, MOST_FAULTS);
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

/** RFC 6901, in its URI fragment form. A lone surrogate, which JSON can spell and a URI cannot, is shown as U+FFFD. */
export function jsonPointer(path: readonly PropertyKey[]): string {
  const escaped = (part: PropertyKey) => String(part).toWellFormed().replaceAll('~', '~0').replaceAll('/', '~1');
  return `#${path.map((part) => `/${encodeURIComponent(escaped(part))}`).join('')}`;
}

function nameOf(fault: Fault): string {
  return fault.pointer ?? fault.parameter ?? fault.header ?? 'input';
}
