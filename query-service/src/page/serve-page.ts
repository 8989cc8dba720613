import { Problem } from '@tallyline/chassis/http/problem';
import type { Express, Request, RequestHandler, Response } from 'express';
import type { Asset, PageAssets } from './assets.js';

/** The value of `vary`, also of a 304: answers depend on this request header. */
const ENCODING = 'accept-encoding';

const PAGE = '/';
const FILE = '/page/:version/:file';
/** The page's address of the API's stream. Content blockers mistake the API's address for tracking: it has "analytics" in it. */
const NUMBERS = '/page/numbers';

/** Serves the owner's page, its files under an address that changes with their content, and its numbers. Returns the paths. */
export function servePage(
  app: Express,
  { version, html, etag, files }: PageAssets,
  stream: RequestHandler,
): readonly string[] {
  app.get(NUMBERS, stream);
  app.get(PAGE, (request, response) => {
    response.setHeader('cache-control', 'no-cache').setHeader('etag', etag).setHeader('vary', ENCODING);
    if (request.fresh) response.status(304).end();
    else send(request, response, html);
  });
  app.get(FILE, (request, response) => {
    const file = request.params.version === version ? files.get(request.params.file) : undefined;
    if (file === undefined)
      throw new Problem({ slug: 'unknown-path', status: 404, detail: 'the page has no such file' });
    response.setHeader('cache-control', 'public, max-age=31536000, immutable');
    send(request, response, file);
  });
  return [PAGE, NUMBERS, FILE];
}

function send(request: Request, response: Response, { type, bytes, compressed }: Asset): void {
  const zipped = request.acceptsEncodings('gzip') !== false;
  const body = zipped ? compressed : bytes;
  if (zipped) response.setHeader('content-encoding', 'gzip');
  response.setHeader('vary', ENCODING).setHeader('content-type', type).setHeader('content-length', body.length);
  response.end(body);
}
