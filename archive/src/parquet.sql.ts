import {
  BOOLEAN,
  type DuckDBConnection,
  DuckDBDataChunk,
  DuckDBInstance,
  DuckDBTimestampTZValue,
  DuckDBUUIDValue,
  type DuckDBValue,
  TIMESTAMPTZ,
  UUID,
  VARCHAR,
} from '@duckdb/node-api';
import { type ArchivedEvent, BATCH_SIZE } from './archived-event.js';

/** DuckDB is used only to read and write Parquet. It stores nothing. */
export type Parquet = DuckDBConnection;

export async function withParquet<T>(work: (parquet: Parquet) => Promise<T>): Promise<T> {
  const { parquet, close } = await openParquet();
  try {
    return await work(parquet);
  } finally {
    close();
  }
}

async function openParquet(): Promise<{ parquet: Parquet; close(): void }> {
  const instance = await DuckDBInstance.create(':memory:');
  const parquet = await instance.connect();
  const close = () => {
    parquet.closeSync();
    instance.closeSync();
  };
  return { parquet, close };
}

const COLUMNS =
  'event_id UUID, received_at TIMESTAMPTZ, event_type VARCHAR, queue VARCHAR, occurred_at TIMESTAMPTZ, ' +
  'counted BOOLEAN, app_id VARCHAR, traceparent VARCHAR, body VARCHAR';

const TYPES = [UUID, TIMESTAMPTZ, VARCHAR, VARCHAR, TIMESTAMPTZ, BOOLEAN, VARCHAR, VARCHAR, VARCHAR];

/** Adds a batch to the open part as one chunk, which is much faster than appending single values. */
export async function appendEvents(parquet: Parquet, events: readonly ArchivedEvent[]): Promise<void> {
  await parquet.run(`CREATE TEMP TABLE IF NOT EXISTS part (${COLUMNS})`);
  const appender = await parquet.createAppender('part');
  const chunk = DuckDBDataChunk.create(TYPES, events.length);
  chunk.setColumns([
    events.map((e) => uuidOf(e.eventId)),
    events.map((e) => timeOf(e.receivedAtMicros)),
    events.map((e) => e.eventType),
    events.map((e) => e.queue),
    events.map((e) => timeOf(e.occurredAtMicros)),
    events.map((e) => e.fromOutbox),
    events.map((e) => e.appId),
    events.map((e) => e.traceparent),
    events.map((e) => e.body),
  ]);
  appender.appendDataChunk(chunk);
  appender.closeSync();
  free(chunk);
}

/** Writes the open part into a Parquet file, with its events in the order in which they were added, and closes it. */
export async function writePart(parquet: Parquet, path: string): Promise<void> {
  await parquet.run(`COPY part TO ${quoted(path)} (FORMAT parquet, COMPRESSION zstd)`);
  await parquet.run('DROP TABLE part');
}

/** Reads the events of a Parquet file in the order in which they were written. */
export async function* readParquet(path: string): AsyncGenerator<ArchivedEvent[]> {
  const { parquet, close } = await openParquet();
  try {
    const result = await parquet.stream(
      `SELECT event_id::VARCHAR, epoch_us(received_at), event_type, queue, epoch_us(occurred_at), counted, app_id,
              traceparent, body
         FROM read_parquet(${quoted(path)})`,
    );
    for await (const chunk of result) {
      for (let first = 0; first < chunk.rowCount; first += BATCH_SIZE) yield eventsOf(chunk, first);
      free(chunk);
    }
  } finally {
    close();
  }
}

/** Reads a slice of a chunk. Reading all of it would keep all of its texts in memory. */
function eventsOf(chunk: DuckDBDataChunk, first: number): ArchivedEvent[] {
  const length = Math.min(BATCH_SIZE, chunk.rowCount - first);
  const columns = TYPES.map((_, column) => chunk.getColumnVector(column).slice(first, length).toArray());
  return Array.from({ length }, (_, row) => eventOf(columns.map((values) => values[row] ?? null)));
}

/** Frees the native memory of a chunk, which the garbage collector would do too late. */
function free(chunk: DuckDBDataChunk): void {
  chunk.reset();
}

function eventOf(row: readonly DuckDBValue[]): ArchivedEvent {
  const [eventId, receivedAt, eventType, queue, occurredAt, fromOutbox, appId, traceparent, body] = row;
  return {
    eventId: String(eventId),
    receivedAtMicros: Number(receivedAt),
    eventType: String(eventType),
    queue: String(queue),
    occurredAtMicros: Number(occurredAt),
    fromOutbox: fromOutbox === true,
    appId: appId === null ? null : String(appId),
    traceparent: traceparent === null ? null : String(traceparent),
    body: String(body),
  };
}

function uuidOf(text: string): DuckDBUUIDValue {
  return DuckDBUUIDValue.fromUint128(BigInt(`0x${text.replaceAll('-', '')}`));
}

function timeOf(micros: number): DuckDBTimestampTZValue {
  return new DuckDBTimestampTZValue(BigInt(micros));
}

function quoted(path: string): string {
  return `'${path.replaceAll("'", "''")}'`;
}
