import { assertDocumented } from '../setup/documented.js';
import { describeRequest, type FuzzRequest } from './fuzz-request.js';
import type { FuzzAnswer } from './send.js';

/** Matches the owner's page and its files, which are no part of the API. */
const PAGE = /^\/(?:page\/.*)?(?:\?.*)?$/;

/** Throws when an answer is a 5xx or is not documented. The message has the request. */
export function expectDocumented(request: FuzzRequest, answer: FuzzAnswer): void {
  try {
    if (request.refusedFor !== undefined && answer.status < 400) throw new Error(`accepted ${request.refusedFor}`);
    if (answer.status >= 500) throw new Error(`answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    if (request.method === 'HEAD') expectNoBody(answer);
    else if (!PAGE.test(request.path)) {
      // Each service has its own document, because its paths do not exist on the other one.
      assertDocumented(request.method, routedPath(request.path), answer, [`${request.service}-service`]);
    }
  } catch (error) {
    throw new Error(`${describeRequest(request)}\n${error instanceof Error ? error.message : error}`, { cause: error });
  }
}

/** Normalises a path as the services' routers do: they ignore case and a slash at the end. */
function routedPath(path: string): string {
  const [bare = ''] = path.split('?');
  return bare.toLowerCase().replace(/(.)\/$/, '$1');
}

function expectNoBody({ body }: FuzzAnswer): void {
  if (body !== '') throw new Error(`a HEAD was answered with a body: ${body}`);
}
