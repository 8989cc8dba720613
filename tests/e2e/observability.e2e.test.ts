import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { beforeAll, expect, test } from '@jest/globals';
import { eventually } from '@tallyline/local/testing/eventually';
import type { ServiceProcess } from '@tallyline/local/testing/service-process';
import { openSuite } from '../setup/suite.js';

const suite = await openSuite();
let productId: number;
beforeAll(async () => {
  const product = { name: 'Lamp', category: 'Light', price: 20, stock: 1000 };
  productId = (await suite.post('/api/products', product)).body.productId;
});

async function metricsOf({ url }: ServiceProcess): Promise<string> {
  const response = await fetch(`${url}/metrics`);
  expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0.0.4/);
  return response.text();
}

/** Returns the metrics that the table of docs/operations.md lists for a service. */
function listedMetrics(service: string): string[] {
  const text = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');
  const rows = text.split('\n').map((line) => line.split('|').map((cell) => cell.trim()));
  return rows.flatMap(([, metrics = '', of = '']) =>
    of === service || of === 'all' ? [...metrics.matchAll(/`(\w+)/g)].map(([, name = '']) => name) : [],
  );
}

test('the logs of all three services have the trace id and the order id of an order', async () => {
  const traceId = randomBytes(16).toString('hex');
  const trace = { traceparent: `00-${traceId}-${randomBytes(8).toString('hex')}-01` };
  const order = { customerId: 9, items: [{ productId, quantity: 1 }] };
  const { body, headers } = await suite.post('/api/orders', order, trace);
  const eventId = headers.get('consistency-token') ?? '';
  await suite.get(`/api/orders/${body.orderId}`, { ...trace, 'consistency-token': eventId });

  await eventually(() => {
    const { orderId } = body;
    expect(suite.command.log).toContainEqual(
      expect.objectContaining({ traceId, eventId, orderId, route: '/api/orders', durationMs: expect.any(Number) }),
    );
    expect(suite.consumer.log).toContainEqual(
      expect.objectContaining({
        traceIds: expect.arrayContaining([traceId]),
        eventIds: expect.arrayContaining([eventId]),
        orders: expect.arrayContaining([orderId]),
      }),
    );
    expect(suite.query.log).toContainEqual(expect.objectContaining({ traceId, orderId, route: '/api/orders/:id' }));
  });
});

test.each(['command', 'consumer', 'query'] as const)(
  '%s-service serves exactly the metrics that docs/operations.md lists',
  async (name) => {
    const listed = listedMetrics(name);
    const text = await metricsOf(suite[name]);
    const served = [...text.matchAll(/^# TYPE (\w+) /gm)].map(([, metric = '']) => metric);
    expect(served).toEqual(expect.arrayContaining(listed));
    const isOwn = (metric: string) => metric.startsWith('tallyline_');
    expect(served.filter(isOwn).sort()).toEqual(listed.filter(isOwn).sort());
  },
);

test('each metric names its unit, and requests are counted by route template', async () => {
  await suite.inSync();
  await suite.get('/api/orders/1');
  const [command, consumer, query] = await Promise.all([suite.command, suite.consumer, suite.query].map(metricsOf));
  for (const text of [command, consumer, query]) {
    expect(text).toMatch(/^tallyline_build_info\{service="\w+-service",version="[\d.]+",node_version="v\d+/m);
    expect(text).toMatch(/^nodejs_eventloop_lag_p99_seconds /m);
    expect(text).toMatch(/^tallyline_database_pool_connections\{state="idle"\} \d/m);
  }
  expect(command).toMatch(
    /^http_request_duration_seconds_count\{method="POST",route="\/api\/orders",status="201"\} [1-9]/m,
  );
  expect(command).toMatch(/^tallyline_order_group_size_count [1-9]/m);
  expect(command).toMatch(/^tallyline_relay_events_total\{outcome="confirmed"\} [1-9]/m);
  expect(consumer).toMatch(/^tallyline_consumer_events_total\{result="applied"\} [1-9]/m);
  expect(consumer).toMatch(/^tallyline_consumer_batch_duration_seconds_count [1-9]/m);
  expect(query).toMatch(/route="\/api\/orders\/:id"/);
  await eventually(async () => expect(await metricsOf(suite.query)).toMatch(/^tallyline_views_lag_seconds 0$/m));
  expect(query).not.toMatch(/route="\/api\/orders\/1"/);
  // The backlog was measured with the last watermark, up to a second ago.
  await eventually(async () => {
    const text = await metricsOf(suite.command);
    expect(text).toMatch(/^tallyline_outbox_waiting_events 0$/m);
    expect(text).toMatch(/^tallyline_outbox_oldest_age_seconds 0$/m);
  });
});
