/** How many columns of a terminal a printable text takes. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += columnsOf(character);
  return width;
}

/** The text, or as much of its beginning as fits into `columns`, with an ellipsis. */
export function cut(text: string, columns: number): string {
  if (widthOf(text) <= columns) return text;
  let [prefix, width] = ['', 0];
  for (const character of text) {
    width += columnsOf(character);
    if (width > columns - 1) break;
    prefix += character;
  }
  return columns < 1 ? '' : `${prefix}…`;
}

/** The text with spaces behind it up to `columns`. */
export function padded(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(columns - widthOf(text), 0));
}

function columnsOf(character: string): number {
  if (character < '\u0300') return 1;
  if (combining.test(character)) return 0;
  return wide.test(character) && !halfWide.test(character) ? 2 : 1;
}

const combining = /[\p{Mn}\p{Me}\p{Cf}]/u;
const wide =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303f\uff01-\uff60\uffe0-\uffe6]/u;
const halfWide = /[\uff61-\uffdc]/u;

/** A number as people read it: whole, its thousands apart. */
export function formatNumber(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/**
 * A text whose control characters, line separators and direction overrides are written as \u escapes, so that names out
 * of events can neither steer the terminal nor break a line. Within JSON text it changes nothing that a parser sees.
 */
export function printable(text: string): string {
  return text.replace(unsafeCharacters, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

const unsafeCharacters = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu;
