import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';

/** Rules for words: docs/glossary.md has one word for each thing, and no file uses the words that it replaced. */

/** Folders under the rules. */
const folders: readonly string[] = [
  '.github',
  'tests',
  'chassis',
  'contracts',
  'command-service',
  'consumer-service',
  'query-service',
  'operations',
  'archive',
  'local',
  'demo',
  'bench',
];

const leftOut: readonly { readonly path: RegExp; readonly reason: string }[] = [
  { path: /^tests\/vocabulary\.test\.ts$/, reason: 'it names the retired words' },
  { path: /^tests\/fixtures\/\d/, reason: 'it holds files of past releases, which do not change any more' },
  { path: /^tests\/mutants\/bugs\//, reason: 'it quotes source of folders that are not under the rules yet' },
];

interface RetiredWord {
  readonly word: RegExp;
  readonly instead: string;
}

/** These are searched in text whose camelCase, snake_case and kebab-case names are split into lower-case words. */
const retiredWords: readonly RetiredWord[] = [
  { word: /\bpoison\w*/, instead: 'a message that cannot be applied, a dead letter' },
  { word: /(?<!\bdead\s+)\bletters?\b/, instead: 'dead letter' },
  { word: /\b(?:set|sets|setting)\s+aside\b/, instead: 'record as a dead letter' },
  { word: /\b(?:un)?settle(?:s|d|ment|ments)?\b|\bsettling\b/, instead: 'accounted for (event), publish result (row)' },
  { word: /\b(?:tell|tells|telling|told)\b/, instead: 'report, say, show, send' },
  { word: /\b(?:forget|forgets|forgetting|forgot|forgotten)\b/, instead: 'past retention (id), discard (dead letter)' },
  { word: /\boutbound\b/, instead: 'the name of what goes out' },
  { word: /\bintake\b/, instead: 'the name of what comes in' },
  { word: /\bswap\s+sql\b/, instead: 'a file name that says what its statements do' },
  { word: /\btaken\s+for\b/, instead: 'mistaken for, treated as' },
  { word: /\bfor\s+as\s+long\s+as\b/, instead: 'while' },
  { word: /\bhowever\s+it\s+is\s+set\b/, instead: 'whatever its value is' },
];

/** These are searched in names alone, because they are good English in prose. */
const retiredNames: readonly RetiredWord[] = [
  { word: /\bmeasures\b|Measures\b/, instead: 'metrics' },
  { word: /\bPart\b/, instead: 'a name that says what it is a part of' },
];

/** Names of columns, metrics, wire fields and API values keep their words, and so do names of the language. */
const exceptions: readonly { readonly name: RegExp; readonly reason: string; readonly path?: RegExp }[] = [
  { name: /\bsetAsideEvents\b/g, reason: 'a field of sync-status' },
  { name: /\bset-aside\b/g, reason: 'a reason code of sync-status' },
  { name: /\btallyline_views_set_aside_events\b/g, reason: 'a metric' },
  { name: /\b(?:last_settled_at|event_ledger_settled)\b/g, reason: 'a column and an index of event_ledger' },
  { name: /\b(?:told_ahead|tell_requested_at|tell_attempts)\b/g, reason: 'columns of sync_state and replay_state' },
  { name: /\b(?:tellFrom|toldAt)\b/g, reason: 'fields of replay requests and watermarks' },
  { name: /\brow\.settled\b|\(\{ settled \}\) => settled\b/g, reason: 'a column of event_ledger' },
  { name: /\bletter-spacing\b/g, reason: 'CSS' },
  {
    name: /\bletters?\b|_LETTER\b|\bLETTER/gi,
    path: /\/(?:plain-text|purchase-body)\./,
    reason: 'letters of an alphabet',
  },
  { name: /\ballSettled\b|\bPromiseSettledResult\b/g, reason: 'JavaScript' },
];

/** Statements on a table may name its columns, whose names are also retired words. */
const columns: readonly { readonly statement: RegExp; readonly column: RegExp }[] = [
  { statement: /event_ledger/, column: /\bsettled\b/g },
  { statement: /dead_letters/, column: /\bforgotten\b/g },
];

/** Comments that begin like this have no subject, or bring it last. */
const refusedOpening = /^(?:Of|Its|Those|So long|Who|Whoever|What|That)\b/;

interface TextFile {
  readonly path: string;
  readonly text: string;
}

const root = fileURLToPath(new URL('..', import.meta.url));
const isText = /\.(?:ts|mjs|sql|css|html|yml|ini)$/;

function filesBelow(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    if (['node_modules', 'dist'].includes(name)) return [];
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesBelow(path) : [path];
  });
}

const files: readonly TextFile[] = folders
  .flatMap((folder) => filesBelow(join(root, folder)))
  .filter((path) => isText.test(path))
  .map((path) => ({ path: relative(root, path), text: readFileSync(path, 'utf8') }))
  .filter(({ path }) => !leftOut.some((exclusion) => exclusion.path.test(path)));

const comment = /\/\*[\s\S]*?\*\/|(?<![:'"`\w])\/\/.*/g;
const string = /'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g;
const blank = (text: string) => text.replace(/[^\n]/g, ' ');

function withoutExceptions({ path, text }: TextFile): string {
  const here = exceptions.filter((exception) => exception.path?.test(path) ?? true);
  const named = here.reduce((rest, { name }) => rest.replace(name, blank), text);
  return named.replace(string, (literal) =>
    columns.reduce(
      (rest, { statement, column }) => (statement.test(rest) ? rest.replace(column, blank) : rest),
      literal,
    ),
  );
}

/** Line breaks stay, so that a match can be named by its line. */
function inWords(text: string): string {
  return text
    .replace(/\n[ \t]*(?:\*|\/\/)(?=\s)/g, '\n')
    .replace(/([a-z0-9])(?=[A-Z])/g, '$1 ')
    .replace(/[_-]|\.(?=sql)/g, ' ')
    .toLowerCase();
}

const namesOf = (text: string) => text.replace(comment, blank).replace(string, blank);

function uses(text: string, words: readonly RetiredWord[]): string[] {
  return words.flatMap(({ word, instead }) =>
    [...text.matchAll(new RegExp(word, 'g'))].map(({ 0: found, index }) => {
      const line = text.slice(0, index).split('\n').length;
      return `${line}: "${found.replace(/\s+/g, ' ')}", instead: ${instead}`;
    }),
  );
}

function retiredIn(file: TextFile): string[] {
  const { path, text } = file;
  return [
    ...uses(inWords(path), retiredWords).map((use) => `its path, line ${use}`),
    ...uses(inWords(withoutExceptions(file)), retiredWords),
    ...uses(`${namesOf(text)}\n${path}`, retiredNames),
  ];
}

function refusedOpenings({ text }: TextFile): string[] {
  const comments = /\/\*\*?\s*(?:\*\s+)?(.*)|(?<!(?:^|\n)[ \t]*\/\/.*\n[ \t]*)(?<![:'"`\w])\/\/ (.*)/g;
  return [...text.matchAll(comments)]
    .filter(([, block, line]) => refusedOpening.test(block ?? line ?? ''))
    .map(({ 0: found, index }) => `${text.slice(0, index).split('\n').length}: ${found.replace(/\s+/g, ' ')}`);
}

/** Groups offences by folder, so that each folder's owner finds their own. */
function offences(rule: (file: TextFile) => readonly string[]): Record<string, string[]> {
  const byFolder: Record<string, string[]> = {};
  for (const folder of folders) {
    const inFolder = files.filter(({ path }) => path.startsWith(`${folder}/`));
    const found = inFolder.flatMap((file) => rule(file).map((offence) => `${file.path}:${offence}`));
    if (found.length > 0) byFolder[`${folder}, ${found.length} times`] = found;
  }
  return byFolder;
}

test('no name, comment or string uses a retired word', () => {
  expect(offences(retiredIn)).toEqual({});
});

test('no comment begins without its subject', () => {
  expect(offences(refusedOpenings)).toEqual({});
});

describe('the rules of this file:', () => {
  const retired = (text: string) => retiredIn({ path: 'tests/example.ts', text }).length;

  test.each([
    'const lettersAndSettled = 1;',
    '// the poison is set\n// aside',
    "test('a mistake is told', work);",
    'relayMeasures.observe(1);',
    'export interface Part {}',
  ])('a retired word is found in %j', (text) => {
    expect(retired(text)).toBeGreaterThan(0);
  });

  test.each([
    '/** A dead\n * letter stays in its dead-letter queue. */ const deadLetters = deadLetterQueueOf(queue);',
    "query('SELECT sum(settled) FROM event_ledger');",
    'expect(body).toEqual({ setAsideEvents: 0 }); await Promise.allSettled(work);',
    '/** A watermark measures the lag. */',
  ])('no retired word is found in %j', (text) => {
    expect(retired(text)).toBe(0);
  });

  test.each(['/** Of loops that wait. */', '/**\n * So long the inbox remembers.\n */', 'run(); // What comes next.'])(
    'the comment %j is refused, because it begins without its subject',
    (text) => {
      expect(refusedOpenings({ path: '', text })).toHaveLength(1);
    },
  );

  test('a line comment is accepted when only its second line begins with a refused word', () => {
    expect(refusedOpenings({ path: '', text: '// The relay waits.\n// That takes a second.\n' })).toEqual([]);
  });
});
