import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Express } from 'express';
import { type ApiInfo, type OpenApiDocument, openApiDocument } from './openapi.js';
import { Problem } from './problem.js';
import { type Route, sendJson } from './route.js';

const ownFolder = fileURLToPath(new URL('../../docs', import.meta.url));
const swaggerManifest = createRequire(import.meta.url).resolve('swagger-ui-dist/package.json');
const swaggerFolder = dirname(swaggerManifest);

/** The files that the page loads, with the folder of each. */
const folders = new Map([
  ['swagger-ui.css', swaggerFolder],
  ['swagger-ui-bundle.js', swaggerFolder],
  ['favicon-32x32.png', swaggerFolder],
  ['start.js', ownFolder],
]);

/** A new version of a file has a new address, so browsers may keep each for a year. */
const version = createHash('sha256')
  .update(readFileSync(swaggerManifest))
  .update(readFileSync(`${ownFolder}/start.js`))
  .digest('hex')
  .slice(0, 12);

export const DOCS_FILE = '/docs/:version/:file';

/** Serves the API's document: `/openapi.json` for programs, and `/docs`, which shows it in Swagger UI, for people. */
export function docsRoutes(app: Express, api: ApiInfo, routes: readonly Route[]): void {
  let document: OpenApiDocument | undefined;
  const page = readFileSync(`${ownFolder}/index.html`, 'utf8')
    .replaceAll('{{version}}', version)
    .replace('{{title}}', api.title);
  app.get('/openapi.json', (_request, response) => {
    document ??= openApiDocument(api, routes);
    sendJson(response, 200, document);
  });
  app.get('/docs', (request, response) => {
    // The page's addresses are relative, so that they also work behind a proxy that adds a base path.
    if (request.path.endsWith('/')) response.redirect('../docs');
    else
      response.setHeader('content-type', 'text/html; charset=utf-8').setHeader('cache-control', 'no-cache').end(page);
  });
  app.get(DOCS_FILE, (request, response) => {
    const { file } = request.params;
    const root = request.params.version === version ? folders.get(file) : undefined;
    if (root === undefined) {
      throw new Problem({ slug: 'unknown-path', status: 404, detail: 'the API documentation has no such file' });
    }
    response.sendFile(file, { root, maxAge: '1y', immutable: true });
  });
}
