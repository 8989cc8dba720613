import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Markdown files in the root folder and below docs/. */
const documents = [
  ...readdirSync(root).map((name) => join(root, name)),
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).map((name) => join(root, 'docs', name)),
].filter((path) => path.endsWith('.md'));

const withoutCode = (text: string) => text.replace(/^ *```[\s\S]*?^ *```/gm, '').replace(/`[^`\n]*`/g, '');

/** Targets of links and images that are not on another host. */
function relativeLinks(path: string): string[] {
  const links = withoutCode(readFileSync(path, 'utf8')).matchAll(/\]\(<?([^)\s>]+)/g);
  return [...links].flatMap(([, target = '']) => (/^[a-z]+:/.test(target) ? [] : [target]));
}

/** The anchors that GitHub makes of the headings of a document. */
function anchorsOf(path: string): string[] {
  const headings = readFileSync(path, 'utf8')
    .replace(/^ *```[\s\S]*?^ *```/gm, '')
    .matchAll(/^#+ (.+)$/gm);
  return [...headings].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function broken(path: string): string[] {
  return relativeLinks(path).filter((link) => {
    const [file = '', anchor] = link.split('#');
    const target = file === '' ? path : join(dirname(path), file);
    return !existsSync(target) || (anchor !== undefined && !anchorsOf(target).includes(anchor));
  });
}

describe('documents', () => {
  test.each(documents.map((path) => [relative(root, path), path]))('every relative link of %s resolves', (_, path) => {
    expect(broken(path)).toEqual([]);
  });
});
