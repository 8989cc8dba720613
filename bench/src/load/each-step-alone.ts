import { randomUUID } from 'node:crypto';
import { connect } from 'amqplib';
import { quantile } from '../figure.js';
import { answer, readInput } from '../load-process.js';
import { orderEvent } from './order-event.js';
import { beginOrder, finishOrder } from './order-statements.js';
import { connectSql } from './sql-client.js';
import { viewCommit } from './view-statements.js';

export interface EachStepAlone {
  readonly writeUrl: string;
  readonly readUrl: string;
  readonly brokerUrl: string;
  readonly first: number;
  readonly durationMs: number;
}

/** Measures one order commit, one confirmed publish and one view commit, each alone. Freshness cannot beat their sum. */
const { writeUrl, readUrl, brokerUrl, first, durationMs } = readInput<EachStepAlone>();
const [write, read] = [await connectSql(writeUrl), await connectSql(readUrl)];
const connection = await connect(brokerUrl, { noDelay: true });
const channel = await connection.createConfirmChannel();

const steps = {
  orderCommit: async (n: number) => {
    const { productId } = orderEvent(n);
    await finishOrder(write, productId, n, await beginOrder(write, productId));
  },
  confirmedPublish: (n: number) =>
    new Promise<void>((resolve, reject) => {
      const options = { persistent: true, messageId: randomUUID() };
      channel.publish('events', 'order.created', orderEvent(n).body, options, (error) =>
        error ? reject(error) : resolve(),
      );
    }),
  viewCommit: async (n: number) => {
    await read.query(viewCommit([orderEvent(n)]));
  },
};

async function timesOf(step: (n: number) => Promise<void>): Promise<number[]> {
  const times: number[] = [];
  const startedAt = performance.now();
  for (let n = first; performance.now() - startedAt < durationMs / 3; n += 1) {
    const before = performance.now();
    await step(n);
    times.push(performance.now() - before);
  }
  return times;
}

let p50Ms = 0;
let p99Ms = 0;
for (const step of Object.values(steps)) {
  const times = await timesOf(step);
  p50Ms += quantile(times, 0.5);
  p99Ms += quantile(times, 0.99);
}
await Promise.all([connection.close(), write.end(), read.end()]);
answer({ p50Ms, p99Ms });
