import type { Request, RequestHandler, Response } from 'express';
import { z } from 'zod';
import { securityHeaders } from './security-headers.js';
import { parseInput } from './validation.js';

type Method = 'get' | 'post';

/** The input of a handler: the parsed request and its trace context. */
export interface RouteInput<P, Q, H, B> {
  readonly params: P;
  readonly query: Q;
  readonly headers: H;
  readonly body: B;
  readonly traceparent: string;
  /** Path and query as sent, for links to the next page. */
  readonly url: URL;
  /** True when the request waited for a write of its client, so cached answers may be too old for it. */
  readonly hasAwaited: boolean;
}

export interface Reply {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: unknown;
  /** Fields for the request's log line, such as the id of what it created. */
  readonly known?: Readonly<Record<string, unknown>>;
}

/** The schemas that validate a request; the documentation is generated from them. */
export interface RouteDoc {
  readonly summary: string;
  readonly description?: string;
  /** The heading in the documentation; by default the first part of the path. */
  readonly tag?: string;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  /** The header names are in lower case, as Node delivers them. */
  readonly headers?: z.ZodObject;
  readonly body?: z.ZodType;
  readonly answer: {
    readonly status: number;
    readonly description: string;
    readonly schema: z.ZodType;
    readonly headers?: z.ZodObject;
    /** JSON by default. */
    readonly contentType?: string;
  };
  /** Causes of problem answers by status, except 400, 404 for unknown paths, 500 and 503, which all routes have. */
  readonly problems?: Readonly<Record<number, string | { readonly cause: string; readonly headers: z.ZodObject }>>;
}

export interface Route {
  readonly method: Method;
  readonly path: string;
  readonly doc: RouteDoc;
  readonly handle: RequestHandler;
}

/** Refuses all parameters. Ignoring a misspelt one would answer another question. */
export const noParameters = z.strictObject({});

type Output<S> = S extends z.ZodType ? z.output<S> : Record<string, never>;

/** Declares a route: its path, its schemas and its handler. A Problem that `handle` throws becomes the answer. */
export function route<const D extends RouteDoc>(
  method: Method,
  path: string,
  doc: D,
  handle: (
    input: RouteInput<Output<D['params']>, Output<D['query']>, Output<D['headers']>, Output<D['body']>>,
  ) => Promise<Reply>,
): Route {
  const parse = <S>(schema: z.ZodType | undefined, value: unknown, place: 'body' | 'parameter' | 'header') =>
    (schema === undefined ? {} : parseInput(schema, value, place)) as Output<S>;
  return {
    method,
    path,
    doc,
    handle: async (request: Request, response: Response) => {
      const reply = await handle({
        params: parse<D['params']>(doc.params, request.params, 'parameter'),
        query: parse<D['query']>(doc.query ?? noParameters, request.query, 'parameter'),
        headers: parse<D['headers']>(doc.headers, request.headers, 'header'),
        body: parse<D['body']>(doc.body, request.body, 'body'),
        traceparent: response.locals.traceparent as string,
        get url() {
          // Built from path and query only: a target in absolute form may have an invalid host (`http://x:99999/path`).
          return new URL(`http://local${request.path}${/\?.*/.exec(request.originalUrl)?.[0] ?? ''}`);
        },
        hasAwaited: response.locals.hasAwaited === true,
      });
      response.locals.known = reply.known;
      sendJson(response, reply.status ?? doc.answer.status, reply.body, reply.headers);
    },
  };
}

export function sendJson(
  response: Response,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
  contentType = 'application/json; charset=utf-8',
): void {
  const text = JSON.stringify(body);
  // The spreads come last, because V8 builds an object much more slowly when fields follow a spread.
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(text),
    // Without this, some proxies (CloudFront) cache an answer for a day.
    'cache-control': 'no-store',
    ...securityHeaders,
    ...headers,
  });
  // Node sends a string together with the headers, but a buffer in a second write.
  response.end(text);
}
