import { readFileSync } from 'node:fs';
import type { Express } from 'express';
import { renderDocs } from './docs-render.js';
import { type ApiInfo, type OpenApiDocument, openApiDocument } from './openapi.js';
import { type Route, sendJson } from './route.js';

const stylesheet = readFileSync(new URL('../../docs.css', import.meta.url));

/** `/openapi.json` for programs and `/docs` for people: one document, made when it is first asked for. */
export function docsRoutes(app: Express, api: ApiInfo, routes: readonly Route[]): void {
  let made: { document: OpenApiDocument; page: Buffer } | undefined;
  const make = () => {
    const document = openApiDocument(api, routes);
    return { document, page: Buffer.from(renderDocs(document)) };
  };
  app.get('/openapi.json', (_request, response) => {
    made ??= make();
    sendJson(response, 200, made.document);
  });
  app.get('/docs', (_request, response) => {
    made ??= make();
    response.setHeader('content-type', 'text/html; charset=utf-8').end(made.page);
  });
  app.get('/docs.css', (_request, response) => {
    response.setHeader('content-type', 'text/css; charset=utf-8').end(stylesheet);
  });
}
