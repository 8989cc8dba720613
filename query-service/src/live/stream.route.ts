import { Problem } from '@tallyline/chassis/http/problem';
import { noParameters, type Route } from '@tallyline/chassis/http/route';
import { securityHeaders } from '@tallyline/chassis/http/security-headers';
import { parseInput } from '@tallyline/chassis/http/validation';
import { CONSISTENCY_STATUS } from '@tallyline/contracts/consistency';
import { z } from 'zod';
import { DAYS_INTERVAL_MS, type Live } from './live.js';
import { parts } from './parts.js';
import { REPEAT_MS } from './poller.js';

/** A stream costs little more than a socket, and no shop has this many readers, so more streams are a sign of a fault. */
const MAX_STREAMS = 1_000;
/** A page that does not read this much is disconnected. It reconnects and gets current numbers instead of a backlog. */
const MAX_UNSENT_BYTES = 256 * 1024;
const RECONNECT_MS = 2_000;

/** Sends server-sent events: each part of the page's numbers once, and again when it changes, at most once a second. */
export function streamRoute(live: Live): Route {
  return {
    method: 'get',
    path: '/api/analytics/stream',
    doc: {
      summary: "The page's numbers, live",
      description:
        'Server-sent events. `freshness` has the data of /api/analytics/sync-status, `today` of …/sales/today, `days` of ' +
        '…/sales/daily, `top` of …/top and `branches` of the calls under …/branches. All are sent at first, then each one ' +
        `when it changes, at most once a second, and otherwise again within ${REPEAT_MS / 1000} s; \`days\` every ` +
        `${DAYS_INTERVAL_MS / 1000} s. A longer silence means that one cannot be read, or that the connection is dead.`,
      answer: {
        status: 200,
        description: 'Each event has a key of this object as its name and the value as its `data`',
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
          detail: `there are ${MAX_STREAMS} streams already; close unused pages or try again later`,
          headers: { 'retry-after': '30' },
        });
      }
      // The stream begins with known numbers, which may be older than the write that the call waited for.
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
