/**
 * Text from messages, bodies and databases must not command a terminal: an escape sequence can hide lines, set its title or
 * paste into its input, and signs that turn the direction of writing show another text than there is. Each such character is
 * shown as JSON escapes it (`\u001b`), so that what is printed as JSON stays the same JSON.
 */

/** Control characters with C1 (U+009B begins a sequence, too), format characters but for joiners, line and paragraph separators. */
const COMMANDING = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
const BUT_LINES = /(?![\n\t\u200c\u200d])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;
/** The same, with what sets colours (ECMA-48, Select Graphic Rendition) as one match. */
const OR_COLOURS = new RegExp(`\\p{Cc}\\[[\\d;]*m|${BUT_LINES.source}`, 'gu');

function escaped(sign: string): string {
  const units = Array.from({ length: sign.length }, (_, at) => sign.charCodeAt(at).toString(16).padStart(4, '0'));
  return units.map((unit) => `\\u${unit}`).join('');
}

/** One line, whatever is in it. */
export function printableLine(text: string): string {
  return text.replace(COMMANDING, escaped);
}

/** Asked first, because every line of a log comes by: 0.1 µs instead of 4. */
const NOT_ASCII = /[^\n -~]/;

/** Several lines. */
export function printableText(text: string): string {
  return NOT_ASCII.test(text) ? text.replace(BUT_LINES, escaped) : text;
}

/** Several lines that may have colours of ours. */
export function printableColours(text: string): string {
  return text.replace(OR_COLOURS, (match) => {
    if (!match.endsWith('m')) return escaped(match);
    return match.startsWith('\u001b') ? match : escaped(match.slice(0, 1)) + match.slice(1);
  });
}

/** Connection strings carry passwords: everything between `//user:` and the last `@` goes, and a parameter `password`. */
export function redactUrls(text: string): string {
  return text.replace(/(\w+:\/\/[^\s:/@]*):[^\s/]*@/g, '$1:***@').replace(/([?&]password=)[^\s&]*/gi, '$1***');
}
