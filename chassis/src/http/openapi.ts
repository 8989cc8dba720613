import { z } from 'zod';
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from 'zod-openapi';
import { healthReport } from './health.js';
import { both, type Problems, problemsOf } from './openapi-problems.js';
import type { Route, RouteDoc } from './route.js';

/** The head of a service's documentation. */
export interface ApiInfo {
  readonly title: string;
  readonly description: string;
  /** The `type` of a problem is this and the problem's slug, such as `urn:example:problem:` and `invalid-input`. */
  readonly problemTypes: string;
  /** Headers that every route accepts, and those that every answer has. */
  readonly headers?: z.ZodObject;
  readonly answerHeaders?: z.ZodObject;
}

export type OpenApiDocument = ReturnType<typeof createDocument>;

const VERSION = '1.0.0';

/** Builds the OpenAPI 3.1 document from the schemas that validate, so that document and code cannot differ. */
export function openApiDocument(api: ApiInfo, routes: readonly Route[]): OpenApiDocument {
  const { title, description } = api;
  const paths: ZodOpenApiPathsObject = {};
  const problems = problemsOf(api);
  for (const { method, path, doc } of routes) {
    const template = path.replace(/:(\w+)/g, '{$1}');
    paths[template] = { ...paths[template], [method]: operation(method, template, withHeaders(doc, api), problems) };
  }
  return createDocument({
    openapi: '3.1.1',
    info: { title, description, version: VERSION, license: { name: 'MIT', identifier: 'MIT' } },
    servers: [{ url: '/' }],
    security: [],
    paths: { ...paths, ...operations },
  });
}

function withHeaders(doc: RouteDoc, { headers, answerHeaders }: ApiInfo): RouteDoc {
  const asked = both(headers, doc.headers);
  const answered = both(answerHeaders, doc.answer.headers);
  return {
    ...doc,
    ...(asked && { headers: asked }),
    answer: { ...doc.answer, ...(answered && { headers: answered }) },
  };
}

function operation(method: string, template: string, doc: RouteDoc, problems: Problems): ZodOpenApiOperationObject {
  const { status, description, schema, contentType = 'application/json', headers } = doc.answer;
  const ownProblems = Object.entries(doc.problems ?? {}).map(([code, problem]) => [code, problems.own(problem)]);
  return {
    operationId: nameOf(method, template) + (template.startsWith('/api/') ? '' : 'AtRoot'),
    summary: doc.summary,
    ...(doc.description && { description: doc.description }),
    tags: [doc.tag ?? tagOf(template)],
    requestParams: {
      ...(doc.params && { path: doc.params }),
      ...(doc.query && { query: doc.query }),
      ...(doc.headers && { header: doc.headers }),
    },
    ...(doc.body && { requestBody: { required: true, content: { 'application/json': { schema: doc.body } } } }),
    responses: {
      [status]: { description, content: { [contentType]: { schema } }, ...(headers && { headers }) },
      // Routes without parameters answer 400, too: unknown parameters are refused.
      400: problems.invalid,
      ...(doc.body && { 413: problems.tooLarge, 415: problems.notJson }),
      500: problems.failed,
      503: problems.unavailable,
      ...Object.fromEntries(ownProblems),
    },
  };
}

/** `get /api/things/{id}` → `getThingsById`. */
function nameOf(method: string, template: string): string {
  const words = template
    .replace('/api/', '/')
    .split(/[/\-.]/)
    .filter(Boolean);
  return (
    method +
    words
      .map((word) => word.replace(/^\{(.)/, (_, c) => `By${c.toUpperCase()}`).replace('}', ''))
      .map(capital)
      .join('')
  );
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

function tagOf(template: string): string {
  return template.split('/').find((part) => part !== '' && part !== 'api') ?? 'other';
}

function operational(template: string, summary: string, responses: ZodOpenApiOperationObject['responses']) {
  return { get: { operationId: nameOf('get', template), summary, tags: ['operation'], responses } };
}

const report = (description: string) => ({ description, content: { 'application/json': { schema: healthReport } } });
const text = (description: string, type: string) => ({ description, content: { [type]: { schema: z.string() } } });
const readiness = { 200: report('Every required check is up'), 503: report('A required check is down') };

const operations: ZodOpenApiPathsObject = {
  '/health': operational('/health', 'Whether the service can do its work, with every check by name', readiness),
  '/health/ready': operational('/health/ready', 'The same as /health, for an orchestrator', readiness),
  '/health/live': operational('/health/live', 'Whether the process answers', { 200: report('The process answers') }),
  '/metrics': operational('/metrics', 'Metrics for Prometheus', {
    200: text('See docs/operations.md', 'text/plain'),
  }),
  '/openapi.json': operational('/openapi.json', 'This document', {
    200: { description: 'OpenAPI 3.1', content: { 'application/json': { schema: z.looseObject({}) } } },
  }),
  '/docs': operational('/docs', 'This document as a page', { 200: text('A page', 'text/html') }),
};

/** The paths that every service has beside its API. */
export const operationalPaths: readonly string[] = Object.keys(operations);
