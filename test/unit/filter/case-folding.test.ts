import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { caseVariants, fold } from '../../../src/filter/case-folding.ts';

const unicode = '17.0';
const everyCharacter = Array.from({ length: 0x11_00_00 }, (_, code) => code)
  .filter((code) => code < 0xd8_00 || code > 0xdf_ff)
  .map((code) => String.fromCodePoint(code));
const caseAware = everyCharacter.filter(
  (each) => fold(each) !== each || /[\p{Cased}\p{Case_Ignorable}\p{Changes_When_Casemapped}]/u.test(each),
);

describe('folding is that of regular expressions with the flags iu', () => {
  test('characters that fold alike differ only in case', () => {
    const known = caseAware.filter((each) => fold(each) !== each && !/\p{Unassigned}/u.test(each)); // to this Node
    expect(known.length).toBeGreaterThan(1400);
    expect(known.filter((each) => !equalButForCase(each, fold(each)))).toEqual([]);
  });

  // A later version of Unicode may have more pairs than the table, which must not change.
  test.skipIf(Number(process.versions.unicode) > Number(unicode))('characters that do not fold alike are not', () => {
    const folded = [...new Set(caseAware.map(fold))];
    const all = folded.join('');
    expect(folded.filter((each) => all.match(new RegExp(literal(each), 'giu'))?.length !== 1)).toEqual([]);
  });

  const confusable = fc.string({ unit: fc.constantFrom(...'kKsSſßẞiIıİσςΣéÉ𐐀𐐨ΐΐ\u212A\u0345\u03b9\u1fbe'), maxLength: 8 });
  test('a text contains another one exactly if its folding does', () => {
    fc.assert(
      fc.property(
        confusable,
        confusable.map((each) => each.slice(0, 4).toWellFormed()),
        (text, part) => {
          expect(fold(text).includes(fold(part))).toBe(new RegExp(Array.from(part, literal).join(''), 'iu').test(text));
        },
      ),
    );
  });
});

test.each([
  ['Straße', 'straße'],
  ['İstanbul, ISPARTA, ısı', 'İstanbul, isparta, ısı'],
  ['ΣΑΣ σας', 'σασ σασ'],
  ['\u212Aelvin, \u017Fs', 'kelvin, ss'],
  ['𐐀💌𐐨', '𐐨💌𐐨'],
  ['A\uDC00\uD801B\uD801', 'a\uDC00\uD801b\uD801'],
  ['', ''],
])('%j folds to %j', (text, folded) => {
  expect(fold(text)).toBe(folded);
});

test('a text folds character by character and keeps its length, and folding it again changes nothing', () => {
  const every = everyCharacter.join('');
  const folded = fold(every);
  expect(folded.length).toBe(every.length);
  expect(folded).toBe(everyCharacter.map(fold).join(''));
  expect(fold(folded)).toBe(folded);
});

test('the variants of a character are all characters with the same folding', () => {
  expect(['k', 'Σ', 'ẞ', 'ı', '1', '💌', '𐐀'].map((each) => [...caseVariants(each)].toSorted().join(''))).toEqual([
    'Kk\u212A',
    'Σςσ',
    'ßẞ',
    'ı',
    '1',
    '💌',
    '𐐀𐐨',
  ]);
  const wrong = caseAware.filter(
    (each) => !caseVariants(each).includes(each) || caseVariants(each).some((other) => fold(other) !== fold(each)),
  );
  expect(wrong).toEqual([]);
});

function equalButForCase(a: string, b: string): boolean {
  return new RegExp(`^${literal(a)}$`, 'iu').test(b);
}

function literal(character: string): string {
  return `\\u{${character.codePointAt(0)!.toString(16)}}`;
}
