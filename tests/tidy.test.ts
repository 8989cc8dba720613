import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { environment } from '@tallyline/contracts/environment';

/** Rules of the architecture: imports between parts, places for SQL, access to the environment, names of files. */

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** The parts that each part may import, as in docs/architecture.md. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  contracts: [],
  chassis: [],
  'command-service': ['contracts', 'chassis'],
  'consumer-service': ['contracts', 'chassis'],
  'query-service': ['contracts', 'chassis'],
  operations: ['contracts', 'chassis'],
  local: ['contracts', 'chassis'],
  demo: [],
  bench: ['local'],
  archive: ['contracts', 'chassis'],
};
const onlyThirdParty: Readonly<Record<string, readonly string[]>> = { contracts: ['zod'] };

interface SourceFile {
  readonly part: string;
  readonly path: string;
  readonly text: string;
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return filesBelow(path);
    return [path];
  });
}

const sources: readonly SourceFile[] = Object.keys(mayImport).flatMap((part) =>
  filesBelow(join(root, part, 'src'))
    .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts'))
    .map((path) => ({ part, path: relative(root, path), text: readFileSync(path, 'utf8') })),
);

/** Returns the specifiers that a file imports or resolves. The browser's chart library is only resolved. */
function importsOf({ text }: SourceFile): string[] {
  const statements =
    /^(?:import|export)\s(?:[\w*{}\s,$]*?\sfrom\s+)?'([^']+)'|(?:\bimport|\brequire\.resolve|import\.meta\.url\)\.resolve)\('([^']+)'\)/gm;
  return [...text.matchAll(statements)].flatMap(([, named, dynamic]) => named ?? dynamic ?? []);
}

/** Returns the packages that a file uses from outside its own part. */
function packagesOf(file: SourceFile): string[] {
  return importsOf(file)
    .filter((specifier) => !specifier.startsWith('.') && !specifier.startsWith('node:'))
    .map((specifier) => /^(@[^/]+\/[^/]+|[^/]+)/.exec(specifier)?.[1] ?? specifier)
    .filter((name) => name !== `@tallyline/${file.part}`);
}

function declaredBy(part: string): string[] {
  const manifest = JSON.parse(readFileSync(join(root, part, 'package.json'), 'utf8'));
  return Object.keys(manifest.dependencies ?? {});
}

/** Lists every offence with its file, so that a failure says what to change. */
function offences(rule: (file: SourceFile) => readonly string[]): string[] {
  return sources.flatMap((file) => rule(file).map((offence) => `${file.path}: ${offence}`));
}

describe('imports:', () => {
  test('no file imports a part that docs/architecture.md does not allow', () => {
    expect(
      offences((file) =>
        importsOf(file).flatMap((specifier) => {
          const target = /^@tallyline\/([^/]+)/.exec(specifier)?.[1];
          if (target === undefined || target === file.part || mayImport[file.part]?.includes(target)) return [];
          return [`${file.part} must not import ${target}`];
        }),
      ),
    ).toEqual([]);
  });

  test('no relative import leaves its part', () => {
    expect(
      offences((file) =>
        importsOf(file)
          .filter((specifier) => specifier.startsWith('.'))
          .filter((specifier) => relative(join(file.part, 'src'), join(dirname(file.path), specifier)).startsWith('..'))
          .map((specifier) => `reaches out of ${file.part} with ${specifier}`),
      ),
    ).toEqual([]);
  });

  test('no file of the chassis outside http/ imports http/', () => {
    expect(
      offences((file) =>
        /^chassis\/src\/(?!http\/)/.test(file.path)
          ? importsOf(file).flatMap((specifier) => (specifier.startsWith('../http/') ? [`imports ${specifier}`] : []))
          : [],
      ),
    ).toEqual([]);
  });

  test('the page imports only types from query-service, because the browser loads only the page folder', () => {
    const page = filesBelow(join(root, 'query-service', 'page', 'src'));
    const reaches = page.flatMap(
      (path) => readFileSync(path, 'utf8').match(/^import (?!type ).*'\.\.\/\.\.\/src\/.*$/gm) ?? [],
    );
    expect(page.length).toBeGreaterThan(0);
    expect(reaches).toEqual([]);
  });

  test('every imported package is declared in the package.json of its part', () => {
    expect(
      offences((file) => {
        const declared = declaredBy(file.part);
        return packagesOf(file)
          .filter((name) => !declared.includes(name))
          .map((name) => `imports ${name}, which ${file.part}/package.json does not declare`);
      }),
    ).toEqual([]);
  });

  test('every package that a package.json declares is imported', () => {
    const unused = Object.keys(mayImport).flatMap((part) => {
      const used = new Set(sources.filter((file) => file.part === part).flatMap(packagesOf));
      return declaredBy(part)
        .filter((name) => !used.has(name))
        .map((name) => `${part}/package.json declares ${name}, which nothing there imports`);
    });
    expect(unused).toEqual([]);
  });

  test('a part imports only the third-party packages that it may use', () => {
    expect(
      offences((file) => {
        const allowed = onlyThirdParty[file.part];
        if (allowed === undefined) return [];
        return importsOf(file)
          .filter((specifier) => !specifier.startsWith('.') && !allowed.includes(specifier))
          .map((specifier) => `${file.part} may import ${allowed.join(', ')} alone, not ${specifier}`);
      }),
    ).toEqual([]);
  });
});

test('SQL lives in .sql.ts files, projections and queries', () => {
  const home = /\.sql\.ts$|\/projections\/|\/queries\/|\/lag\/|^local\/|^bench\//;
  const sql = /[`'"]\s*(?:SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH)\s+[\w(]/;
  expect(offences((file) => (sql.test(file.text) && !home.test(file.path) ? ['holds SQL'] : []))).toEqual([]);
});

test('only main files read process.env', () => {
  const main = /(?:^|\/)(?:[\w-]+\.)?main\.ts$|^local\/|^bench\//;
  expect(
    offences((file) => (file.text.includes('process.env') && !main.test(file.path) ? ['reads process.env'] : [])),
  ).toEqual([]);
});

test('.env.example lists exactly the variables that the services read, with their defaults', () => {
  const named = readFileSync(join(root, '.env.example'), 'utf8')
    .split('\n')
    .flatMap((line) => /^#?\s?([A-Z][A-Z0-9_]+)=(.*)$/.exec(line)?.slice(1, 3) ?? []);
  const shown = Object.fromEntries(named.flatMap((name, index) => (index % 2 === 0 ? [[name, named[index + 1]]] : [])));
  const defaults = Object.entries(environment.parse({})).map(([name, value]) => [name, String(value)]);
  expect(shown).toEqual(Object.fromEntries(defaults));
});

test('the chassis has no word of this suite or of its business', () => {
  const words =
    /tallyline|\b(?:(?:an|each|per|new) order|orders|purchases?|products?|customers?|branch(?:es)?|shop)\b/i;
  expect(
    offences((file) => {
      const word = file.part === 'chassis' ? words.exec(file.text)?.[0] : undefined;
      return word === undefined ? [] : [`says "${word}"`];
    }),
  ).toEqual([]);
});

test('no file is called utils, helpers, common or misc', () => {
  const vague = /^(?:utils?|helpers?|common|misc|shared)\b/;
  expect(offences((file) => (vague.test(basename(file.path)) ? ['has a name that says nothing'] : []))).toEqual([]);
});

test('no module is mocked, and no test is focused or skipped', () => {
  const forbidden = /jest\.mock\(|unstable_mockModule|\b(?:test|it|describe)\.(?:only|skip|todo)\b/;
  const tests = ['tests', ...Object.keys(mayImport)]
    .flatMap((part) => filesBelow(join(root, part)))
    .filter((path) => path.endsWith('.test.ts') && !path.includes('node_modules') && basename(path) !== 'tidy.test.ts');
  expect(
    tests.filter((path) => forbidden.test(readFileSync(path, 'utf8'))).map((path) => relative(root, path)),
  ).toEqual([]);
});
