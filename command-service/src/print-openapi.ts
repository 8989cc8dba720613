import { openApiDocument } from '@tallyline/chassis/http/openapi';
import pg from 'pg';
import { api, routes } from './app.js';
import { leaveToRelay } from './outbox/hand-over.js';

/** Prints the document that `/openapi.json` answers. The pool never connects: routes are described, not called. */
const document = openApiDocument(api, routes(new pg.Pool(), leaveToRelay));
process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
