import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A message of a release as it was published, with every property and with the exact text of its body. */
export interface CorpusMessage {
  readonly queue: string;
  readonly exchange: string;
  readonly routingKey: string;
  readonly properties: {
    readonly messageId?: string;
    readonly type?: string;
    readonly appId?: string;
    readonly headers?: Readonly<Record<string, unknown>>;
  };
  readonly body: string;
}

/** The hashes of what a release published, and the schemas by which it read events. It never changes after the release. */
export interface Manifest {
  readonly release: string;
  /** SHA-256 of the manifest of the release before, so that an old manifest cannot change unnoticed. */
  readonly previous?: string;
  /** JSON Schema of each version of each event type, by names such as `OrderCreated.v1`. */
  readonly schemas: Readonly<Record<string, unknown>>;
  /** SHA-256 of each file of messages or samples, by its path in the folder of the release. */
  readonly messages: Readonly<Record<string, string>>;
}

/** The folder of the corpus with a folder for each release, and the changelog that says which releases there are. */
export interface Corpus {
  readonly folder: string;
  readonly changelog: string;
}

/** Rows that a message must become in the views. New views add rows, so these files are not part of the manifest. */
export const ROWS_SUFFIX = '.rows.json';
/** Bodies at the edge of what a version accepts. A JSON Schema does not show these rules. */
export const SAMPLES_SUFFIX = '.samples.json';
const MANIFEST = 'manifest.json';

/** Changes of one valid body, each with the verdict of its version. */
export interface Samples {
  readonly base: Readonly<Record<string, unknown>>;
  readonly samples: readonly Sample[];
}

export interface Sample {
  readonly what: string;
  /** New values by path, such as `items.0.price`. */
  readonly set: Readonly<Record<string, unknown>>;
  /** The values that are read, by path, or `refused`. */
  readonly verdict: Readonly<Record<string, unknown>> | 'refused';
}

export const sha256 = (content: Buffer | string) => createHash('sha256').update(content).digest('hex');

export function corpusOf(checkout: string): Corpus {
  return { folder: join(checkout, 'contracts', 'corpus'), changelog: join(checkout, 'CHANGELOG.md') };
}

/** Reads the releases that CHANGELOG.md lists with their dates, oldest first. */
export function releasesOf({ changelog }: Corpus): readonly string[] {
  const headings = readFileSync(changelog, 'utf8').matchAll(/^## \[(\d+\.\d+\.\d+)\] - \d{4}-\d\d-\d\d$/gm);
  return [...headings].map(([, release]) => release as string).sort(byVersion);
}

/** Lists the versions that have a folder, oldest first. At most one of them, the last, is not released yet. */
export function versionsOf({ folder }: Corpus): readonly string[] {
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => (entry.isDirectory() ? [entry.name] : []))
    .sort(byVersion);
}

export function byVersion(a: string, b: string): number {
  return a.localeCompare(b, 'en', { numeric: true });
}

export const manifestPath = ({ folder }: Corpus, version: string) => join(folder, version, MANIFEST);

export function readManifest(corpus: Corpus, version: string): Manifest | undefined {
  const path = manifestPath(corpus, version);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Manifest) : undefined;
}

/** Lists the message files in the folder of a version, such as `OrderCreated.v1/placed.json`. */
export function messageFilesOf(corpus: Corpus, version: string): readonly string[] {
  return frozenFilesOf(corpus, version).filter((path) => !path.endsWith(SAMPLES_SUFFIX));
}

/** Lists the files of samples in the folder of a version, such as `OrderCreated.v1/edges.samples.json`. */
export function sampleFilesOf(corpus: Corpus, version: string): readonly string[] {
  return frozenFilesOf(corpus, version).filter((path) => path.endsWith(SAMPLES_SUFFIX));
}

/** Lists the files whose hashes are in the manifest. */
function frozenFilesOf({ folder }: Corpus, version: string): readonly string[] {
  return readdirSync(join(folder, version), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.json') && !path.endsWith(ROWS_SUFFIX) && path !== MANIFEST)
    .map((path) => path.replaceAll('\\', '/'))
    .sort();
}

export function hashesOf(corpus: Corpus, version: string): Readonly<Record<string, string>> {
  const files = frozenFilesOf(corpus, version);
  return Object.fromEntries(files.map((path) => [path, sha256(readFileSync(join(corpus.folder, version, path)))]));
}
