import type { z } from 'zod';

type RawIssue = z.core.$ZodRawIssue;

const NAMES: Readonly<Record<string, string>> = {
  int: 'an integer',
  number: 'a number',
  string: 'text',
  array: 'a list',
  object: 'an object',
  boolean: 'true or false',
};

const FORMATS: Readonly<Record<string, string>> = {
  datetime: 'must be an RFC 3339 date-time such as 2026-11-20T08:17:46Z',
  date: 'must be a day such as 2026-11-20',
  uuid: 'must be a UUID',
  guid: 'must be a UUID',
  url: 'must be a URL',
};

/** Words a fault to follow the field's name: "quantity must be at least 1". Messages of a schema take precedence. */
export function validationMessage(issue: RawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      if (issue.input === undefined) return 'is required';
      return `must be ${NAMES[issue.expected] ?? issue.expected}`;
    case 'too_small':
      return `must ${bound(issue.origin, 'at least', issue.minimum)}`;
    case 'too_big':
      return `must ${bound(issue.origin, 'at most', issue.maximum)}`;
    case 'unrecognized_keys':
      return 'is not a known field';
    case 'invalid_value':
      return `must be ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}`;
    case 'invalid_format':
      return FORMATS[issue.format] ?? 'is not valid';
    default:
      return 'is not valid';
  }
}

function bound(origin: string, words: 'at least' | 'at most', limit: number | bigint): string {
  if (origin === 'string') return `have ${words} ${limit} characters`;
  if (origin === 'array') return `have ${words} ${limit} ${limit === 1 ? 'item' : 'items'}`;
  return `be ${words} ${limit}`;
}
