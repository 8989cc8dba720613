import { expect, test } from '@jest/globals';
import type { PublishOutcome } from '@tallyline/chassis/broker/publisher';
import type { Logger } from '@tallyline/chassis/process/logger';
import { createPublishResults } from './publish-results.js';

test('logs a topic without a queue once, and again after one of its events was confirmed', () => {
  const named: unknown[] = [];
  const log = { error: ({ topic }: { topic: string }) => named.push(topic) } as unknown as Logger;
  const publishResults = createPublishResults({ log });
  const report = (topic: string, outcome: PublishOutcome) => publishResults.report([{ id: '1', topic, outcome }]);
  for (let n = 0; n < 3; n += 1) {
    report('purchase.created', 'returned');
    report('order.created', 'confirmed');
  }
  expect(named).toEqual(['purchase.created']);
  report('purchase.created', 'confirmed');
  report('purchase.created', 'returned');
  expect(named).toEqual(['purchase.created', 'purchase.created']);
});
