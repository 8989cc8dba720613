import { openApiDocument } from '@tallyline/chassis/http/openapi';
import pg from 'pg';
import { api, routes } from './app.js';
import { leaveToRelay } from './outbox/emit.js';

/** Prints the document that `/openapi.json` answers. The pool never connects, because no route is called. */
const document = openApiDocument(api, routes(leaveToRelay(new pg.Pool())));
process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
