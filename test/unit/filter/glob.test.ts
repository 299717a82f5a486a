import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { globMatches, likePattern, parseGlob } from '../../../src/filter/glob.ts';
import { compareCodePoints } from '../../../src/event/text.ts';
import { jsonEquals } from '../../../src/event/json.ts';
import { globExpression } from '../../support/oracles/plain-matches.ts';

const glob = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?', '\\', '💌'), maxLength: 8 });
const text = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?', '\\', '💌'), maxLength: 8 });

test('a glob matches the texts that the same glob as a regular expression matches', () => {
  fc.assert(
    fc.property(glob, text, (pattern, value) => globMatches(parseGlob(pattern), value) === globExpression(pattern).test(value)),
    { numRuns: 5000 },
  );
});

test.each([
  ['a*', 'a', true],
  ['?', '💌', true],
  ['??', '💌', false],
  ['\\*', '*', true],
  ['\\*', 'a', false],
  ['a\\', 'a\\', true],
  ['', '', true],
  ['*', '', true],
  ['', 'a', false],
])('the glob %j on %j: %j', (pattern, value, expected) => {
  expect(globMatches(parseGlob(pattern), value)).toBe(expected);
});

test('the special characters of LIKE are escaped', () => {
  expect(likePattern(String.raw`50%_*?\*\\`)).toBe(String.raw`50\%\_%_*\\`);
});

test('the worst glob takes at most its length times that of the text', () => {
  // Backtracking to every star would never end.
  expect(globMatches(parseGlob('*a'.repeat(500)), `${'a'.repeat(10_000)}b`)).toBe(false);
});

test('texts are ordered by code point, as their bytes are', () => {
  const anyText = fc.string({ unit: fc.constantFrom('a', 'é', '\uD7FF', '\uE000', '\uFFFF', '𝔸', '💌'), maxLength: 4 });
  fc.assert(
    fc.property(anyText, anyText, (a, b) => Math.sign(compareCodePoints(a, b)) === Buffer.compare(Buffer.from(a), Buffer.from(b))),
    { numRuns: 2000 },
  );
});

test('JSON values are equal whatever the order of keys, and never across types', () => {
  expect(jsonEquals({ a: 1, b: [1, { c: null }] }, { b: [1, { c: null }], a: 1 })).toBe(true);
  for (const [a, b] of [
    [1, '1'],
    [null, 0],
    [[], {}],
    [[1], [1, 2]],
    [{ a: 1 }, { a: 1, b: 2 }],
    [{ a: 1 }, { b: 1 }],
    [true, 1],
  ]) {
    expect(jsonEquals(a, b)).toBe(false);
    expect(jsonEquals(b, a)).toBe(false);
  }
});
