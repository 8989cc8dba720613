import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

export interface Asset {
  readonly type: string;
  readonly bytes: Buffer;
  readonly compressed: Buffer;
}

export interface PageAssets {
  /** The digest of all files. A new version has new addresses, so browsers may keep the files for ever. */
  readonly version: string;
  readonly html: Asset;
  /** The digest of the HTML, which contains the version. It is a weak tag, because both encodings share it. */
  readonly etag: string;
  readonly files: ReadonlyMap<string, Asset>;
}

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  svg: 'image/svg+xml',
};

const ownPage = fileURLToPath(new URL('../../page', import.meta.url));

/** Reads and compresses the page once, when the service starts, to serve it from memory. */
export function loadPage(timeZone: string, pageDir = ownPage): PageAssets {
  const modules = readdirSync(join(pageDir, 'dist')).filter((name) => name.endsWith('.js'));
  const chart = join(dirname(createRequire(import.meta.url).resolve('chart.js')), 'chart.umd.min.js');
  const files = new Map<string, Asset>([
    ['page.css', asset('page.css', readFileSync(join(pageDir, 'page.css')))],
    ['icon.svg', asset('icon.svg', readFileSync(join(pageDir, 'icon.svg')))],
    ['chart.js', asset('chart.js', withoutMap(readFileSync(chart, 'utf8')))],
    ...modules.map((name) => [name, asset(name, readFileSync(join(pageDir, 'dist', name)))] as const),
  ]);
  const version = digest([...files.values()].map(({ bytes }) => bytes));
  // Modules import each other. With preloads the browser fetches all at once instead of one after the other.
  const preloads = modules.map((name) => `<link rel="modulepreload" href="/page/${version}/${name}">`).join('');
  const html = Buffer.from(
    readFileSync(join(pageDir, 'index.html'), 'utf8')
      .replaceAll('{{version}}', version)
      .replace('{{timeZone}}', timeZone)
      .replace('{{preloads}}', preloads),
  );
  return { version, html: asset('index.html', html), etag: `W/"${digest([html])}"`, files };
}

function digest(contents: readonly Buffer[]): string {
  const hash = createHash('sha256');
  for (const bytes of contents) hash.update(bytes);
  return hash.digest('hex').slice(0, 12);
}

function withoutMap(script: string): Buffer {
  return Buffer.from(script.replace(/\n\/\/# sourceMappingURL=.*\s*$/, '\n'));
}

function asset(name: string, bytes: Buffer): Asset {
  const type = TYPES[name.split('.').at(-1) ?? ''] ?? 'application/octet-stream';
  return { type, bytes, compressed: gzipSync(bytes, { level: 9 }) };
}
