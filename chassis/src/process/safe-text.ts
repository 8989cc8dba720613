/**
 * Text from messages, bodies and databases must not control a terminal: an escape sequence can hide lines, change the
 * title or paste into the input, and direction marks make a text look like another one. Each such character is printed
 * as JSON escapes it (`\u001b`), so that printed JSON keeps its meaning.
 */

/** Control characters including C1 (U+009B begins a sequence), line separators, and format characters except joiners. */
const CONTROLLING = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
const BUT_LINES = /(?![\n\t\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
/** Matches the same, and a colour sequence (ECMA-48, Select Graphic Rendition) as one match. */
const OR_COLOURS = new RegExp(`\\p{Cc}\\[[\\d;]*m|${BUT_LINES.source}`, 'gu');

function escaped(sign: string): string {
  const units = Array.from({ length: sign.length }, (_, at) => sign.charCodeAt(at).toString(16).padStart(4, '0'));
  return units.map((unit) => `\\u${unit}`).join('');
}

/** Makes a text printable as one line. */
export function printableLine(text: string): string {
  return text.replace(CONTROLLING, escaped);
}

/** A cheap test that lets ordinary log lines skip the replacement. */
const NOT_ASCII = /[^\n -~]/;

/** Makes a text printable and keeps its line breaks. */
export function printableText(text: string): string {
  return NOT_ASCII.test(text) ? text.replace(BUT_LINES, escaped) : text;
}

/** Like `printableText`, but keeps colour sequences. */
export function printableColours(text: string): string {
  return text.replace(OR_COLOURS, (match) => {
    if (!match.endsWith('m')) return escaped(match);
    return match.startsWith('\u001b') ? match : escaped(match.slice(0, 1)) + match.slice(1);
  });
}

/** Removes passwords from connection strings: between `//user:` and the last `@`, and in a parameter `password`. */
export function redactUrls(text: string): string {
  return text.replace(/(\w+:\/\/[^\s:/@]*):[^\s/]*@/g, '$1:***@').replace(/([?&]password=)[^\s&]*/gi, '$1***');
}
