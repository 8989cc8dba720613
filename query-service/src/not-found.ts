import { Problem } from '@tallyline/chassis/http/problem';

export function notFound(detail: string): Problem {
  return new Problem({ slug: 'not-found', status: 404, detail });
}
