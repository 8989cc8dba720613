/**
 * One spelling for what looks the same. "Café" composed and decomposed, or "Books" with a zero-width space, would otherwise
 * be two categories with two revenues, and a receipt in three spellings three purchases.
 *
 * - Unicode normalisation form C (UAX 15): what is composed and what is decomposed become one.
 * - White space of any kind becomes a space, several become one, and none is left at the ends.
 * - What shows nothing (Default_Ignorable_Code_Point) and what turns the direction of writing (Bidi_Control) is taken out,
 *   but for what is part of a word or a sign: joiners between two letters of a script that joins them, or between two emoji, variation selectors behind an
 *   ideograph or emoji, and the tags of a flag.
 *
 * Control characters stay, and are refused by the fields' schemas: they are a fault of the sender, not a spelling.
 */
export function plainText(text: string): string {
  if (ORDINARY.test(text)) return text;
  const plainer = text
    .normalize('NFC')
    .replace(INVISIBLE, (sign, at: number, whole: string) => (belongs(sign, at, whole) ? sign : ''))
    .replace(/[\p{Z}\u0085]+/gu, ' ')
    .trim();
  // What was taken out may have stood between two that belong together, or have been what another one belonged to.
  return plainer === text ? text : plainText(plainer);
}

/** Most texts are: printable ASCII without two spaces together or one at an end. Testing it costs less than normalising. */
const ORDINARY = /^(?:[!-~]+(?: [!-~]+)*)?$/;

const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\p{Bidi_Control}]/gu;

const JOINERS = new Set(['\u200c', '\u200d']);
const VARIATION_SELECTOR = /^[\ufe00-\ufe0f\u{e0100}-\u{e01ef}]$/u;
const FLAG_TAG = /^[\u{e0020}-\u{e007f}]$/u;

/** In the scripts that most readers here know, a joiner between two letters changes nothing that is seen. */
const LETTER_THAT_JOINS =
  '(?![\\p{sc=Latn}\\p{sc=Grek}\\p{sc=Cyrl}\\p{sc=Hebr}\\p{sc=Hani}\\p{sc=Hira}\\p{sc=Kana}\\p{sc=Hang}])[\\p{L}\\p{M}]';
const JOINED_BEFORE = new RegExp(
  `(?:${LETTER_THAT_JOINS}|[\\p{Extended_Pictographic}\\p{Emoji_Modifier}\\ufe0f])$`,
  'u',
);
const JOINED_AFTER = new RegExp(`^(?:${LETTER_THAT_JOINS}|\\p{Extended_Pictographic})`, 'u');
const SELECTED_BEFORE = /[\p{Unified_Ideograph}\p{Extended_Pictographic}\p{Emoji_Modifier}]$/u;
/** A digit in a key: 1, variation selector 16, and the sign of a key. */
const KEYCAP_AFTER = /^\u20e3/;
const FLAG_BEFORE = /\u{1f3f4}[\u{e0020}-\u{e007f}]*$/u;

/** True where an invisible sign changes what is seen around it. */
function belongs(sign: string, at: number, whole: string): boolean {
  const before = whole.slice(Math.max(0, at - LONGEST_FLAG), at);
  const after = whole.slice(at + sign.length, at + sign.length + 2);
  if (JOINERS.has(sign)) return JOINED_BEFORE.test(before) && JOINED_AFTER.test(after);
  if (VARIATION_SELECTOR.test(sign)) return SELECTED_BEFORE.test(before) || KEYCAP_AFTER.test(after);
  return FLAG_TAG.test(sign) && FLAG_BEFORE.test(before);
}

/** In UTF-16 units: a flag and seven tags. */
const LONGEST_FLAG = 16;
