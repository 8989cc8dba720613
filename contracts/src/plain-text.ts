/**
 * Gives texts that look the same one spelling. Otherwise "Café" composed and decomposed, or "Books" with a zero-width
 * space, would be two categories, and a receipt in three spellings three purchases.
 *
 * - Unicode normalisation form C (UAX 15) replaces decomposed characters by composed ones.
 * - White space of any kind becomes one space, and is removed at the ends.
 * - Invisible characters (Default_Ignorable_Code_Point) and direction marks (Bidi_Control) are removed, except where
 *   they are part of a word or symbol: joiners between two letters of a script that joins them or between two emoji,
 *   variation selectors after an ideograph or emoji, and the tags of a flag.
 *
 * Control characters are kept, because they are a fault of the sender, which the schemas of the fields refuse.
 */
export function plainText(text: string): string {
  if (ORDINARY.test(text)) return text;
  const plainer = text
    .normalize('NFC')
    .replace(INVISIBLE, (sign, at: number, whole: string) => (belongs(sign, at, whole) ? sign : ''))
    .replace(/[\p{Z}\u0085]+/gu, ' ')
    .trim();
  // A removed character may have separated others or justified another invisible one, so the result is checked again.
  return plainer === text ? text : plainText(plainer);
}

/** Printable ASCII with single spaces inside. Most texts match, and this test is cheaper than normalising. */
const ORDINARY = /^(?:[!-~]+(?: [!-~]+)*)?$/;

const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\p{Bidi_Control}]/gu;

const JOINERS = new Set(['\u200c', '\u200d']);
const VARIATION_SELECTOR = /^[\ufe00-\ufe0f\u{e0100}-\u{e01ef}]$/u;
const FLAG_TAG = /^[\u{e0020}-\u{e007f}]$/u;

/** In these scripts, a joiner between two letters has no visible effect. */
const LETTER_THAT_JOINS =
  '(?![\\p{sc=Latn}\\p{sc=Grek}\\p{sc=Cyrl}\\p{sc=Hebr}\\p{sc=Hani}\\p{sc=Hira}\\p{sc=Kana}\\p{sc=Hang}])[\\p{L}\\p{M}]';
const JOINED_BEFORE = new RegExp(
  `(?:${LETTER_THAT_JOINS}|[\\p{Extended_Pictographic}\\p{Emoji_Modifier}\\ufe0f])$`,
  'u',
);
const JOINED_AFTER = new RegExp(`^(?:${LETTER_THAT_JOINS}|\\p{Extended_Pictographic})`, 'u');
const SELECTED_BEFORE = /[\p{Unified_Ideograph}\p{Extended_Pictographic}\p{Emoji_Modifier}]$/u;
/** A keycap emoji is a digit, variation selector 16 and this character. */
const KEYCAP_AFTER = /^\u20e3/;
const FLAG_BEFORE = /\u{1f3f4}[\u{e0020}-\u{e007f}]*$/u;

/** True when an invisible character changes the appearance of its neighbours. */
function belongs(sign: string, at: number, whole: string): boolean {
  const before = whole.slice(Math.max(0, at - LONGEST_FLAG), at);
  const after = whole.slice(at + sign.length, at + sign.length + 2);
  if (JOINERS.has(sign)) return JOINED_BEFORE.test(before) && JOINED_AFTER.test(after);
  if (VARIATION_SELECTOR.test(sign)) return SELECTED_BEFORE.test(before) || KEYCAP_AFTER.test(after);
  return FLAG_TAG.test(sign) && FLAG_BEFORE.test(before);
}

/** A flag with seven tags, in UTF-16 units. */
const LONGEST_FLAG = 16;
