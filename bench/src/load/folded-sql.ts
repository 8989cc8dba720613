import type pg from 'pg';
import { answer, readInput } from '../load-process.js';
import { orderEvents } from './order-event.js';
import { connectSql } from './sql-client.js';
import { viewCommit } from './view-statements.js';

export interface FoldedSql {
  readonly readUrl: string;
  readonly first: number;
  readonly count: number;
}

const BATCH_SIZE = 500;

/** Writes the consumer's batches as one statement each, folded before the clock starts, without a broker. */
const { readUrl, first, count } = readInput<FoldedSql>();
const events = orderEvents(first, count);
const batches: pg.QueryConfig[] = [];
for (let start = 0; start < count; start += BATCH_SIZE) {
  batches.push(viewCommit(events.slice(start, start + BATCH_SIZE)));
}
const client = await connectSql(readUrl);
const startedAt = performance.now();
for (const batch of batches) await client.query(batch);
const seconds = (performance.now() - startedAt) / 1000;
await client.end();
answer({ perSecond: count / seconds });
