import { z } from 'zod';
import type { ZodOpenApiResponseObject } from 'zod-openapi';
import type { ApiInfo } from './openapi.js';
import { problemDocument } from './problem.js';
import type { RouteDoc } from './route.js';

type OwnProblem = NonNullable<RouteDoc['problems']>[number];

export type Problems = ReturnType<typeof problemsOf>;

/** Describes the problem answers of an API. They have the same common headers as its other answers. */
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
    /** A problem that a route declares itself. */
    own: (problem: OwnProblem) =>
      typeof problem === 'string' ? answer(problem) : answer(problem.cause, problem.headers),
    invalid: { ...answer('The input is not valid; nothing was changed'), id: 'Invalid' },
    tooLarge: { ...answer('The body is too large'), id: 'TooLarge' },
    notJson: { ...answer('The body is not JSON'), id: 'NotJson' },
    failed: { ...answer('Something went wrong in the service'), id: 'Failed' },
    unavailable: {
      ...answer(
        'Not possible right now; see Retry-After. If `type` ends in unavailable or overloaded, nothing was stored. If it ends ' +
          'in outcome-unknown, the request was stored completely or not at all',
        z.object({ 'retry-after': z.string() }),
      ),
      id: 'Unavailable',
    },
  };
}

/** Merges two sets of headers. */
export const both = (all: z.ZodObject | undefined, own: z.ZodObject | undefined) =>
  all && own ? all.extend(own.shape) : (all ?? own);
