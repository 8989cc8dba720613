import { openApiDocument } from '@tallyline/chassis/http/openapi';
import { onPool } from '@tallyline/chassis/postgres/pool';
import { createLogger } from '@tallyline/chassis/process/logger';
import pg from 'pg';
import { api, routes } from './app.js';
import { createLive } from './live/live.js';

/** Prints the document that `/openapi.json` answers. The pool never connects, because no route is called. */
const pool = new pg.Pool();
const document = openApiDocument(
  api,
  routes(pool, createLive(onPool(pool), 'UTC', createLogger('docs', 'silent', 'json')), 'UTC'),
);
process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
