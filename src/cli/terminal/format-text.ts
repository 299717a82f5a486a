import { eastAsianWidth } from 'get-east-asian-width';

/**
 * Returns the number of terminal columns of a printable text.
 *
 * Assumes: no control characters; see `printable`.
 * Does not guarantee: the width in every terminal. Terminals differ for emoji sequences and for
 * characters of ambiguous width; those count as narrow.
 */
export function widthOf(text: string): number {
  if (isAscii(text)) return text.length;
  let width = 0;
  for (const { segment } of graphemes.segment(text)) width += graphemeWidth(segment);
  return width;
}

/** Returns the text, or as many whole graphemes of it as fit into `columns` with an ellipsis. */
export function cut(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let [prefix, width] = ['', 0];
  for (const { segment } of graphemes.segment(text)) {
    width += graphemeWidth(segment);
    if (width > columns - 1) break;
    prefix += segment;
  }
  return columns < 1 ? '' : `${prefix}…`;
}

/** Returns the text, padded with spaces to `columns`. */
export function padded(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(columns - widthOf(text), 0));
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' });

function isAscii(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text);
}

/** An emoji sequence has the width of one emoji; any other grapheme that of its characters. */
function graphemeWidth(grapheme: string): number {
  if (emoji.test(grapheme)) return 2;
  let width = 0;
  for (const character of grapheme) width += characterWidth(character);
  return width;
}

function characterWidth(character: string): number {
  if (zeroWidth.test(character)) return 0;
  return eastAsianWidth(character.codePointAt(0) ?? 0);
}

/** An emoji by default, such as a flag or a ZWJ sequence, or by a variation selector. */
const emoji = /\p{Emoji_Presentation}|\p{Emoji}\ufe0f/u;
/** Combining marks, format characters except the soft hyphen, and jamo that join a syllable. */
const zeroWidth = /[\p{Mn}\p{Me}\u1160-\u11ff\ud7b0-\ud7ff]|(?!\u00ad)\p{Cf}/u;

/** A number for people: whole, with a comma between thousands. */
export function formatNumber(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/**
 * Writes control characters, line separators and direction overrides as \u escapes.
 *
 * Guarantees: names in events can neither control the terminal nor break a line. Within JSON text,
 * the parsed value stays the same.
 */
export function printable(text: string): string {
  return text.replace(unsafeCharacters, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

const unsafeCharacters = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;
