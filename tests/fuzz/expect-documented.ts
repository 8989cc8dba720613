import { assertDocumented } from '../setup/documented.js';
import { type FuzzRequest, shown } from './fuzz-request.js';
import type { FuzzAnswer } from './send.js';

/** The owner's page and its files: for people, and no part of the API. */
const PAGE = /^\/(?:page\/.*)?(?:\?.*)?$/;

/** Throws when an answer is a 5xx, or not in the documented form; the message holds the request. */
export function expectDocumented(request: FuzzRequest, answer: FuzzAnswer): void {
  try {
    if (request.refusedFor !== undefined && answer.status < 400) throw new Error(`accepted ${request.refusedFor}`);
    if (answer.status >= 500) throw new Error(`answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    if (request.method === 'HEAD') expectNoBody(answer);
    else if (!PAGE.test(request.path)) {
      // Held to its own document: what is a path of one service is none of the other.
      assertDocumented(request.method, routedPath(request.path), answer, [`${request.service}-service`]);
    }
  } catch (error) {
    throw new Error(`${shown(request)}\n${error instanceof Error ? error.message : error}`, { cause: error });
  }
}

/** A path as the services match it: whatever its case, with or without a slash at its end. */
function routedPath(path: string): string {
  const [bare = ''] = path.split('?');
  return bare.toLowerCase().replace(/(.)\/$/, '$1');
}

function expectNoBody({ body }: FuzzAnswer): void {
  if (body !== '') throw new Error(`a HEAD was answered with a body: ${body}`);
}
