import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { jsonEquals, orderedJson } from '../../../src/event/json.ts';
import { compareNumbers, ExactNumber, lookupKey, maxNumberDigits, numberOf } from '../../../src/json/exact-number.ts';
import { anyToken, compareTokens } from '../../support/oracles/number-tokens.ts';

test.each([
  ['9007199254740993', '9007199254740993'],
  ['-9223372036854775809', '-9223372036854775809'],
  ['18446744073709551616', '18446744073709551616'],
  ['9007199254740993.000', '9007199254740993'],
  ['0.1000000000000000055', '0.1000000000000000055'],
  ['1.5e-400', `0.${'0'.repeat(399)}15`],
  ['1e400', `1${'0'.repeat(400)}`],
  ['-12345678901234567.5E1', '-123456789012345675'],
])('%s is kept as %s', (token, text) => {
  const number = numberOf(token);
  expect(number).toBeInstanceOf(ExactNumber);
  expect(String(number)).toBe(text);
  expect(String(numberOf(text))).toBe(text);
});

test.each('0 -0 1 1.0 1e0 100e-2 0.1 9007199254740992 9007199254740994 1e22 1.5e300 1764383123456789 5e-324 0e400'.split(' '))(
  '%s is a double',
  (token) => expect(numberOf(token)).toBe(Number(token)),
);

test.each(['1e1001', '1e-1001', '1e100000', `1${'0'.repeat(maxNumberDigits)}`, '1e99999999999999999999'])('%.30s is too long', (token) => {
  expect(numberOf(token)).toMatchObject({ isTooLong: true, text: token });
});

test(`a number of ${maxNumberDigits} digits is not too long`, () => {
  expect(numberOf('7'.repeat(maxNumberDigits))).toMatchObject({ isTooLong: false });
});

describe('the plain oracle', () => {
  test('agrees about the order and the equality of any two numbers', () => {
    let equal = 0;
    fc.assert(
      fc.property(anyToken, anyToken, (a, b) => {
        const expected = compareTokens(a, b);
        const [x, y] = [numberOf(a), numberOf(b)];
        expect(Math.sign(compareNumbers(x, y)) + 0).toBe(expected);
        expect(jsonEquals([x], [y])).toBe(expected === 0);
        expect(orderedJson(x) === orderedJson(y)).toBe(expected === 0);
        expect(new Set([lookupKey(x)]).has(lookupKey(y))).toBe(expected === 0);
        if (a !== b && expected === 0) equal += 1;
      }),
      { numRuns: 5000 },
    );
    expect(equal).toBeGreaterThan(0);
  });

  test('agrees that a number keeps its value', () => {
    fc.assert(
      fc.property(anyToken, (token) => {
        expect(compareTokens(String(numberOf(token)), token)).toBe(0);
      }),
      { numRuns: 5000 },
    );
  });
});
