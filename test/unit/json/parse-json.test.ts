import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { ExactNumber, numberOf } from '../../../src/json/exact-number.ts';
import { hasInexactNumber, parseJson, parseStoredJson } from '../../../src/json/parse-json.ts';
import { stringifyJson } from '../../../src/json/stringify-json.ts';

test('numbers are written as they were read', () => {
  const text = '{"a":[9007199254740993,{"b":-0.12345678901234567890123}],"c":"9007199254740993","__proto__":18446744073709551616}';
  const value = parseJson(text) as Record<string, unknown>;
  expect(stringifyJson(value)).toBe(text);
  expect(stringifyJson(parseStoredJson(stringifyJson(value)))).toBe(text);
  expect(parseStoredJson('[1,1e21,0.1]')).toEqual([1, 1e21, 0.1]);
  expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
});

test('a text with an exact number has the other values of JSON.parse', () => {
  const pretty = fc
    .tuple(fc.json({ maxDepth: 5 }), fc.constantFrom(0, 1, 2, '\t'))
    .map(([text, space]) => JSON.stringify(JSON.parse(text), null, space));
  fc.assert(
    fc.property(fc.oneof(fc.json(), pretty), (text) => {
      const [exact, ...others] = parseJson(`[9007199254740993 , ${text}\r\n]`) as readonly unknown[];
      expect(exact).toBeInstanceOf(ExactNumber);
      expect(others).toEqual([JSON.parse(text)]);
    }),
    { numRuns: 2000 },
  );
});

test.each(['', '{', '[9007199254740993', '[9007199254740993,]', '01234567890123456789', '9007199254740993x', '.12345678901234567'])(
  'invalid JSON throws a SyntaxError: %s',
  (text) => expect(() => parseJson(text)).toThrow(SyntaxError),
);

test('levels beyond the limit throw a SyntaxError, not a RangeError', () => {
  const levels = 100_000;
  expect(() => parseJson(`${'['.repeat(levels)}9007199254740993${']'.repeat(levels)}`)).toThrow(SyntaxError);
});

test('a number is found at any place of a text', () => {
  for (let before = 0; before < 40; before += 1) {
    for (const number of ['9007199254740993', '-0.10000000000000001', '1e400', '1E-330', '90071992547409.93125']) {
      const text = `{"${'k'.repeat(before)}":${number},"v":1}`;
      expect(hasInexactNumber(text), text).toBe(true);
      expect(hasInexactNumber(`[${'1,'.repeat(before)}${number}]`)).toBe(true);
      expect(hasInexactNumber(`[${'1,'.repeat(before)}\n${number}\n]`)).toBe(true);
    }
  }
  expect(hasInexactNumber('9007199254740993')).toBe(true);
});

test.each([
  '{"id":"9007199254740993"}',
  '["1e400","0123456789.0123456789"]',
  '[1764383123456789, 0.1234567890123456]',
  '{"t":1e-7}',
  '',
  '1',
])('a text without such a number takes the fast path: %s', (text) => expect(hasInexactNumber(text)).toBe(false));

test('long runs of digits take linear time', () => {
  // The square of the length would take minutes.
  for (const text of [
    `"${'7'.repeat(2_000_000)}`,
    `[${'7'.repeat(2_000_000)}]`,
    `[${'0'.repeat(2_000_000)}1]`,
    `[1${'.0'.repeat(1_000_000)}]`,
  ]) {
    hasInexactNumber(text);
    numberOf(text.slice(1, -1));
  }
});

test('what JSON.stringify leaves out is left out beside exact numbers, too', () => {
  const exact = numberOf('9007199254740993');
  const value = { a: undefined, b: () => 1, c: [undefined, exact], d: new Date(0), e: null };
  expect(stringifyJson(value)).toBe('{"c":[null,9007199254740993],"d":"1970-01-01T00:00:00.000Z","e":null}');
  expect(stringifyJson(exact)).toBe('9007199254740993');
});
