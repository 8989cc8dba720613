import { z } from 'zod';
import type { ZodOpenApiResponseObject } from 'zod-openapi';
import type { ApiInfo } from './openapi.js';
import { problemDocument } from './problem.js';
import type { RouteDoc } from './route.js';

type OwnProblem = NonNullable<RouteDoc['problems']>[number];

export type Problems = ReturnType<typeof problemsOf>;

/** What the calls of an API may be refused with, and the headers that its refusals have as its answers do. */
export function problemsOf({ problemTypes, answerHeaders: all }: ApiInfo) {
  const schema = problemDocument(problemTypes);
  const answer = (description: string, own?: z.ZodObject): ZodOpenApiResponseObject => {
    const headers = both(all, own);
    return {
      description,
      ...(headers && { headers }),
      content: { 'application/problem+json': { schema } },
    };
  };
  return {
    /** Those that a route names itself. */
    own: (problem: OwnProblem) =>
      typeof problem === 'string' ? answer(problem) : answer(problem.cause, problem.headers),
    invalid: { ...answer('The input is not valid; nothing was changed'), id: 'Invalid' },
    tooLarge: { ...answer('The body is too large'), id: 'TooLarge' },
    notJson: { ...answer('The body is not JSON'), id: 'NotJson' },
    failed: { ...answer('Something went wrong on the side of the service'), id: 'Failed' },
    unavailable: {
      ...answer(
        'Not possible right now. `type` ends in unavailable or overloaded, and nothing was stored, or in outcome-unknown: in ' +
          'whole or not at all. See Retry-After',
        z.object({ 'retry-after': z.string() }),
      ),
      id: 'Unavailable',
    },
  };
}

/** Headers of all, and of one alone. */
export const both = (all: z.ZodObject | undefined, own: z.ZodObject | undefined) =>
  all && own ? all.extend(own.shape) : (all ?? own);
