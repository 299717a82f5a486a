import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cut, formatNumber, padded, printable, widthOf } from '../../../src/cli/terminal/format-text.ts';

describe('the width of a text', () => {
  test.each([
    ['ASCII', 'tidings tail', 12],
    ['Latin letters, precomposed and with a combining mark', 'é e\u0301', 3],
    ['several combining marks', 'a\u0300\u0301\u0302\u20dd', 1],
    ['Devanagari with a nonspacing vowel', 'कु', 1],
    ['Chinese, Japanese and Korean', '東京ひらカナ한글', 16],
    ['full-width forms', 'Ａ１！￥', 8],
    ['ideographic space and punctuation', '\u3000、。「', 8],
    ['half-width katakana, with a dakuten', 'ﾊﾞ', 2],
    ['conjoining jamo of one syllable', '\u1112\u1161\u11ab', 2],
    ['a supplementary ideograph', '𠀀', 2],
    ['an emoji', '🐙', 2],
    ['an emoji with a skin tone', '👍🏽', 2],
    ['a family joined by ZWJ', '👩‍👩‍👧‍👦', 2],
    ['a ZWJ sequence with a variation selector', '❤️‍🔥', 2],
    ['a text symbol, and the same as an emoji', '❤❤️', 3],
    ['a keycap', '1️⃣', 2],
    ['a flag of two regional indicators', '🇩🇪', 2],
    ['two flags', '🇩🇪🇫🇷', 4],
    ['a flag of tags', '🏴󠁧󠁢󠁳󠁣󠁴󠁿', 2],
    ['ambiguous width: Greek, box drawing, ellipsis, circled number', 'α█…①', 4],
    ['zero-width space, joiner and byte order mark', '\u200b\u200d\ufeff', 0],
    ['a soft hyphen', 'a\u00adb', 3],
    ['nothing', '', 0],
  ])('%s', (_kind, text, width) => {
    expect(widthOf(text)).toBe(width);
  });

  test('is that of a printable text: escapes of control characters count', () => {
    expect(widthOf(printable('\u001b[31m東'))).toBe('\\u001b[31m'.length + 2);
  });
});

describe('a cut text', () => {
  test.each([
    ['東京都', 6, '東京都'],
    ['東京都', 5, '東京…'],
    ['東京都', 4, '東…'],
    ['abc', 2, 'a…'],
    ['abc', 1, '…'],
    ['abc', 0, ''],
    ['e\u0301e\u0301e\u0301', 2, 'e\u0301…'],
    ['👩‍👩‍👧‍👦👩‍👩‍👧‍👦', 3, '👩‍👩‍👧‍👦…'],
    ['🇩🇪🇫🇷', 3, '🇩🇪…'],
  ])('%s in %i columns is %s', (text, columns, expected) => {
    expect(cut(text, columns)).toBe(expected);
  });

  test('fits, and splits no grapheme', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 20 }), fc.nat(30), (text, columns) => {
        const result = cut(text, columns);
        expect(widthOf(result)).toBeLessThanOrEqual(columns);
        const graphemes = Array.from(new Intl.Segmenter('en').segment(text), ({ segment }) => segment);
        const prefixes = graphemes.map((_, count) => `${graphemes.slice(0, count).join('')}…`);
        expect([text, '', ...prefixes]).toContain(result);
      }),
    );
  });
});

test('padding fills the columns, and never cuts', () => {
  expect([padded('東', 4), padded('ab', 4), padded('abcde', 4)]).toEqual(['東  ', 'ab  ', 'abcde']);
});

test('numbers are whole, with commas', () => {
  expect([0, 999.5, 1_234_567].map(formatNumber)).toEqual(['0', '1,000', '1,234,567']);
});
