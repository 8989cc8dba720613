import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import type { AnyEvent } from '@tallyline/contracts/events';
import { replayRequest } from '@tallyline/contracts/replay-request';
import { OUTBOX_APP_ID, WATERMARK_QUEUE } from '@tallyline/contracts/topology';
import type { ConsumeMessage } from 'amqplib';
import { deliveryOf } from '../consumer-service/src/inbox/delivery.js';
import { views } from '../consumer-service/src/projections/index.js';
import { mergedRows } from '../consumer-service/src/projections/merged-rows.js';
import { type CorpusMessage, corpusOf, messageFilesOf, ROWS_SUFFIX, versionsOf } from './corpus/corpus.js';

/** Every message that a release has published is read by today's code, and becomes the same rows as ever. */

const corpus = corpusOf(fileURLToPath(new URL('../', import.meta.url)));
const messages = versionsOf(corpus).flatMap((version) =>
  messageFilesOf(corpus, version).map((file) => {
    const path = join(corpus.folder, version, file);
    const [kind = '', name] = file.split('/');
    return { title: `${kind} of ${version}, ${name}`, kind, path, message: read<CorpusMessage>(path) };
  }),
);
const ofEvents = messages.filter(({ kind }) => /\.v\d+$/.test(kind));
const of = (wanted: string) => messages.filter(({ kind }) => kind === wanted);

/** With this setting, rows of views that a file does not name yet are added to it. Rows that are there never change. */
const addsRows = process.env.CORPUS_ROWS === 'add';

function read<T>(path: string): T {
  return JSON.parse(readFileSync(path, 'utf8')) as T;
}

function contentOf({ queue, properties, body }: CorpusMessage) {
  return deliveryOf(queue, { properties, content: Buffer.from(body) } as unknown as ConsumeMessage).content();
}

/** The rows of one event in each view, as JSON has them. Exact sums of money are BIGINT, which become text. */
function rowsOf(event: AnyEvent): Readonly<Record<string, unknown>> {
  const rows = views.map((view) => [view.table, mergedRows(view, [event])] as const);
  const touched = Object.fromEntries(rows.filter(([, merged]) => merged.length > 0));
  const text = (_key: string, value: unknown) => (typeof value === 'bigint' ? `${value}` : value);
  return JSON.parse(JSON.stringify(touched, text)) as Record<string, unknown>;
}

function expectedRows(path: string, actual: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const file = path.replace(/\.json$/, ROWS_SUFFIX);
  const known = existsSync(file) ? read<Record<string, unknown>>(file) : {};
  if (!addsRows) return known;
  const all = { ...actual, ...known };
  const sorted = Object.fromEntries(Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(file, `${JSON.stringify(sorted, null, 2)}\n`);
  return sorted;
}

test('the corpus has events, watermarks and replay requests of every release', () => {
  for (const count of [ofEvents.length, of('Watermark').length, of('ReplayRequest').length])
    expect(count).toBeGreaterThan(0);
});

describe('an event of the corpus', () => {
  test.each(ofEvents.map((entry) => [entry.title, entry] as const))('%s becomes its rows', (_title, entry) => {
    const { message, kind, path } = entry;
    const content = contentOf(message);
    const { appId, messageId, headers } = message.properties;
    const isOurs = appId === OUTBOX_APP_ID;
    const source = /^\/command-service\/(.+)$/.exec(String(headers?.['cloudEvents:source']))?.[1];
    expect(content).toMatchObject({ kind: 'event', fromOutbox: isOurs });
    if (content.kind !== 'event') throw new Error('it is no event');
    expect(content.source).toBe(source);
    if (isOurs) expect(content.id).toBe(messageId);
    expect(content.event.eventType).toBe(kind.replace(/\.v\d+$/, ''));
    const rows = rowsOf(content.event);
    // A view that is new has no expected rows in old files: run this test once with CORPUS_ROWS=add, and read what it wrote.
    expect(rows).toEqual(expectedRows(path, rows));
  });
});

test.each(of('Watermark').map(({ title, message }) => [title, message] as const))(
  '%s is read whole',
  (_title, message) => {
    expect(message.queue).toBe(WATERMARK_QUEUE);
    expect(contentOf(message)).toEqual({ kind: 'watermark', watermark: JSON.parse(message.body) });
  },
);

test.each(of('ReplayRequest').map(({ title, message }) => [title, message] as const))(
  '%s is read whole',
  (_title, message) => {
    const body: unknown = JSON.parse(message.body);
    expect(replayRequest.parse(body)).toEqual(body);
  },
);
