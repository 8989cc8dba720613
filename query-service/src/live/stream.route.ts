import { Problem } from '@tallyline/chassis/http/problem';
import { noParameters, type Route } from '@tallyline/chassis/http/route';
import { securityHeaders } from '@tallyline/chassis/http/security-headers';
import { parseInput } from '@tallyline/chassis/http/validation';
import { CONSISTENCY_STATUS } from '@tallyline/contracts/consistency';
import { z } from 'zod';
import { DAYS_INTERVAL_MS, type Live } from './live.js';
import { parts } from './parts.js';
import { REPEAT_MS } from './poller.js';

/** Each is a socket and little else; beyond this somebody is not looking at pages. */
const MAX_STREAMS = 1_000;
/** A page that does not read is ended: it connects again and gets what is true then, not a backlog of what was. */
const MAX_UNSENT_BYTES = 256 * 1024;
const RECONNECT_MS = 2_000;

/** Server-sent events: everything once, then whatever changes, at most once a second. */
export function streamRoute(live: Live): Route {
  return {
    method: 'get',
    path: '/api/analytics/stream',
    doc: {
      summary: "The page's numbers, live",
      description:
        'Server-sent events. `freshness` has the data of /api/analytics/sync-status, `today` of …/sales/today, `days` of ' +
        '…/sales/daily, `top` of …/top and `branches` of the calls under …/branches: all of them at first, then each when ' +
        `it changes, at most once a second, and within ${REPEAT_MS / 1000} s also when it does not; \`days\` every ` +
        `${DAYS_INTERVAL_MS / 1000} s. What is silent for longer cannot be read at the moment, or the connection is dead.`,
      answer: {
        status: 200,
        description: 'One of these as `data` of an event whose name is the key',
        schema: z.object(parts).partial(),
        contentType: 'text/event-stream',
      },
    },
    handle: (request, response) => {
      parseInput(noParameters, request.query, 'parameter');
      if (live.listeners() >= MAX_STREAMS) {
        throw new Problem({
          slug: 'overloaded',
          status: 503,
          detail: `there are ${MAX_STREAMS} streams already`,
          headers: { 'retry-after': '30' },
        });
      }
      // What is remembered is sent first, and may be older than what was waited for.
      response.removeHeader(CONSISTENCY_STATUS);
      response.writeHead(200, {
        ...securityHeaders,
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        // nginx would otherwise hold events back until a buffer is full.
        'x-accel-buffering': 'no',
      });
      if (request.method === 'HEAD') {
        response.end();
        return;
      }
      response.write(`retry: ${RECONNECT_MS}\n\n`);
      const stop = live.listen({
        send: (event) => {
          if (response.writableLength > MAX_UNSENT_BYTES) response.destroy();
          else response.write(event);
        },
        end: () => response.end(),
      });
      response.on('close', stop);
    },
  };
}
