import { createServer, IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Express } from 'express';
import { readInput } from '../load-process.js';

export interface ConstantRoute {
  /** Creates requests and responses with Express's prototypes, as our services do. This multiplies the rate. */
  readonly isTuned: boolean;
}

/** An Express route that answers a constant with the fields of our answer. It does nothing else, so no query can be faster. */
const app = express();
app.disable('x-powered-by');
app.disable('etag');
app.get('/api/analytics/products/:id/sales', (_request, response) => {
  response.json({ productId: 1, totalQuantitySold: 1_000, totalRevenue: 5_990, orderCount: 1_000 });
});

function tuned(express: Express) {
  class Request extends IncomingMessage {}
  class Response extends ServerResponse {}
  Object.setPrototypeOf(Request.prototype, express.request);
  Object.setPrototypeOf(Response.prototype, express.response);
  express.request = Request.prototype as typeof express.request;
  express.response = Response.prototype as typeof express.response;
  return { IncomingMessage: Request, ServerResponse: Response as typeof ServerResponse };
}

const { isTuned } = readInput<ConstantRoute>();
const server = createServer(isTuned ? tuned(app) : {}, app).listen(0, '127.0.0.1', () =>
  process.send?.({ port: (server.address() as AddressInfo).port }),
);
