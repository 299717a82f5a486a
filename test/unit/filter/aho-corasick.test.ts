import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { findSearchTerms } from '../../../src/filter/aho-corasick.ts';

const found = (text: string, searchTerms: readonly string[]): string[] => [...findSearchTerms(text, searchTerms)].toSorted();

test('finds the search terms that the text contains, as a search for each does', () => {
  const over = (letters: string, maxLength: number): fc.Arbitrary<string> =>
    fc.string({ unit: fc.constantFrom(...letters), minLength: 1, maxLength });
  const some = fc.oneof(over('ab', 6), over('abc\0é💌', 3));
  fc.assert(
    fc.property(fc.oneof(over('ab', 40), over('abc\0é💌', 40)), fc.array(some, { maxLength: 12 }), (text, searchTerms) => {
      expect(found(text, searchTerms)).toEqual([...new Set(searchTerms)].filter((searchTerm) => text.includes(searchTerm)).toSorted());
    }),
    { numRuns: 2000 },
  );
});

test('finds terms that begin, end and occur inside of others', () => {
  expect(found('ushers', ['he', 'she', 'his', 'hers', 'e', 'ushers', 'ushersx'])).toEqual(['e', 'he', 'hers', 'she', 'ushers']);
  expect(found('abcabcabd', ['abcabd', 'cabc', 'bd', 'cd'])).toEqual(['abcabd', 'bd', 'cabc']);
});

test('finds terms that exceed one table', () => {
  const searchTerms = Array.from({ length: 30 }, (_, index) => `${'a'.repeat(190)}${index};`);
  expect(found(`${searchTerms[3]}${searchTerms[29]}`, searchTerms)).toEqual([searchTerms[29], searchTerms[3]]);
  expect(found('a'.repeat(5000), ['a'.repeat(3000), 'b', 'a'])).toEqual(['a', 'a'.repeat(3000)]);
});
