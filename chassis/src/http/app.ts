import express, { type Express, type RequestHandler } from 'express';
import type { Logger } from '../process/logger.js';
import type { Metrics } from '../process/metrics.js';
import { traceIdOf, traceparentOf } from '../process/trace-context.js';
import { jsonBody } from './body.js';
import { DOCS_FILE, docsRoutes } from './docs-page.js';
import { errorHandler } from './errors.js';
import { type HealthChecks, healthRoutes } from './health.js';
import { type ApiInfo, operationalPaths } from './openapi.js';
import { Problem } from './problem.js';
import { metricsRoute, requestDurations } from './request-metrics.js';
import type { Route } from './route.js';
import { setSecurityHeaders } from './security-headers.js';

export interface HttpAppOptions {
  readonly api: ApiInfo;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly routes: readonly Route[];
  readonly health: HealthChecks;
  /** Adds pages and their files, and returns their paths. */
  readonly pages?: (app: Express) => readonly string[];
  /** Runs before every GET of a route. */
  readonly before?: RequestHandler;
}

/** Builds an Express application that answers errors as problem+json and logs one line per request. */
export function buildHttpApp({ api, log, metrics, routes, health, pages, before = pass }: HttpAppOptions): Express {
  const app = express();
  app.locals.problemTypes = api.problemTypes;
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  app.use(observe(log, requestDurations(metrics)));
  app.use(requireHost);
  // Express tries paths in the order of registration, so the API's paths come first.
  for (const [path, atPath] of byPath(routes)) {
    const resource = app.route(path);
    for (const { method, handle } of atPath) {
      if (method === 'post') resource.post(jsonBody, handle);
      else resource.get(before, handle);
    }
    resource.all(methodNotAllowed(atPath.map(({ method }) => method)));
  }

  app.use(setSecurityHeaders);
  healthRoutes(app, health);
  metricsRoute(app, metrics);
  docsRoutes(app, api, routes);
  const pagePaths = pages?.(app) ?? [];
  for (const path of [...operationalPaths, DOCS_FILE, ...pagePaths]) app.all(path, methodNotAllowed(['get']));
  app.use((request) => {
    throw new Problem({ slug: 'unknown-path', status: 404, detail: `there is nothing at ${request.path}` });
  });
  app.use(errorHandler(log));
  return app;
}

function byPath(routes: readonly Route[]): Map<string, Route[]> {
  const paths = new Map<string, Route[]>();
  for (const route of routes) paths.set(route.path, [...(paths.get(route.path) ?? []), route]);
  return paths;
}

/** Machines request these paths every few seconds, so they are logged at level debug. */
const OPERATIONAL = /^\/(health|metrics)/;

/** The status that nginx logs for a client that left without an answer. A hanging database must not look like many 200s. */
const CLIENT_GONE = 499;

/** Sets the trace context for the handlers, and logs and counts each request when it is done. */
function observe(log: Logger, observeDuration: ReturnType<typeof requestDurations>): RequestHandler {
  // These lines hold no secrets, and redaction would copy each of them.
  const lines = log.child({}, { redact: [] });
  return (request, response, next) => {
    const startedAt = performance.now();
    const traceparent = traceparentOf(request.get('traceparent'));
    response.locals.traceparent = traceparent;
    response.on('close', () => {
      const { known } = response.locals;
      const route: string | undefined = request.route?.path;
      const durationMs = performance.now() - startedAt;
      const status = response.headersSent ? response.statusCode : CLIENT_GONE;
      observeDuration(request.method, route ?? 'other', status, durationMs / 1000);
      lines[OPERATIONAL.test(request.path) ? 'debug' : 'info'](
        {
          method: request.method,
          route,
          path: route === undefined ? request.path : undefined,
          status,
          durationMs: Math.round(durationMs * 10) / 10,
          traceId: traceIdOf(traceparent),
          ...known,
          aborted: response.writableFinished ? undefined : true,
        },
        'request',
      );
    });
    next();
  };
}

const pass: RequestHandler = (_request, _response, next) => next();

/** Refuses a request without the header Host or with several (RFC 9112, section 3.2). HTTP/1.0 does not have it. */
const requireHost: RequestHandler = (request, _response, next) => {
  const hosts = request.rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'host').length;
  if (hosts > 1 || (hosts === 0 && request.httpVersion === '1.1')) {
    const detail = `the header Host is ${hosts > 1 ? 'given more than once' : 'missing'}`;
    throw new Problem({ slug: 'bad-request', status: 400, detail });
  }
  next();
};

function methodNotAllowed(methods: readonly Route['method'][]): RequestHandler {
  const allow = methods.flatMap((method) => (method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()])).join(', ');
  return (request) => {
    throw new Problem({
      slug: 'method-not-allowed',
      status: 405,
      detail: `${request.method} is not possible here; allowed: ${allow}`,
      headers: { allow },
    });
  };
}
