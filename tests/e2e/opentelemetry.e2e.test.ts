import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from '@jest/globals';
import { eventually } from '@tallyline/local/testing/eventually';
import { openSuite } from '../setup/suite.js';

interface Span {
  readonly service: string;
  readonly traceId: string;
  readonly name: string;
}

interface Attribute {
  readonly key: string;
  readonly value: { readonly stringValue?: string };
}

interface Export {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly Attribute[] };
    readonly scopeSpans: readonly { readonly spans: readonly { traceId: string; name: string }[] }[];
  }[];
}

const spans: Span[] = [];
const collector = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    if (request.url === '/v1/traces') spans.push(...spansOf(JSON.parse(Buffer.concat(chunks).toString('utf8'))));
    response.setHeader('content-type', 'application/json').end('{}');
  });
});
await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
const register = fileURLToPath(new URL('../otel/opentelemetry.mjs', import.meta.url));
const suite = await openSuite({
  NODE_OPTIONS: `--import ${register}`,
  OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(collector.address() as AddressInfo).port}`,
  OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
  OTEL_TRACES_EXPORTER: 'otlp',
  OTEL_METRICS_EXPORTER: 'none',
  OTEL_LOGS_EXPORTER: 'none',
  OTEL_BSP_SCHEDULE_DELAY: '200',
  OTEL_SERVICE_NAME: 'tallyline',
});
afterAll(() => void collector.close());

function spansOf({ resourceSpans }: Export): Span[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const service = resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue ?? '';
    return scopeSpans.flatMap(({ spans }) => spans.map(({ traceId, name }) => ({ service, traceId, name })));
  });
}

test('a collector gets the spans of a request and of its statements in the trace of the sender', async () => {
  const traceId = randomBytes(16).toString('hex');
  const trace = { traceparent: `00-${traceId}-${randomBytes(8).toString('hex')}-01` };
  const product = await suite.post('/api/products', { name: 'Lamp', category: 'Light', price: 20, stock: 5 }, trace);
  expect(product.status).toBe(201);
  await eventually(
    () => {
      const names = spans.filter((span) => span.traceId === traceId).map(({ name }) => name);
      expect(names).toEqual(
        expect.arrayContaining([expect.stringMatching(/^POST/), expect.stringMatching(/^pg\.query/)]),
      );
    },
    { timeoutMs: 15_000 },
  );
  // The logs of the services have the same trace id, so a span leads to its log lines.
  await eventually(() => expect(suite.command.log).toContainEqual(expect.objectContaining({ traceId })));
}, 60_000);
