import { listen } from '@tallyline/chassis/http-server';
import express from 'express';

/** The ceiling over any query route: Express answering a constant of the same shape, on the same server, with nothing else switched on. */
const app = express();
app.disable('x-powered-by');
app.disable('etag');
app.get('/api/analytics/products/:id/sales', (_request, response) => {
  response.json({ productId: 1, totalQuantitySold: 1_000, totalRevenue: 5_990, orderCount: 1_000 });
});
const { port } = await listen(app, '127.0.0.1', 0);
process.send?.({ port });
