import { expect, test } from 'vitest';
import { numberOf } from '../../../src/json/exact-number.ts';
import { stringifyJson } from '../../../src/json/stringify-json.ts';
import { isLargerThan } from '../../../src/json/json-size.ts';

const shared = { payload: 'x'.repeat(10_000) };

test.each([
  ['text', 'x'.repeat(100_000)],
  ['text of several bytes a character', 'é'.repeat(50_000)],
  ['a list', Array.from({ length: 20_000 }, (_, n) => n)],
  ['objects', Array.from({ length: 5000 }, (_, n) => ({ id: `e${n}`, payload: { text: 'some text', list: [true, null] } }))],
  ['numbers of many digits', Array.from({ length: 100 }, () => numberOf('7'.repeat(900)))],
  ['one value several times', Array.from({ length: 10 }, () => shared)],
])('the size of %s is about that of its JSON', (_name, value) => {
  const bytes = Buffer.byteLength(stringifyJson(value));
  expect(isLargerThan(value, bytes * 0.7)).toBe(true);
  expect(isLargerThan(value, bytes * 1.4)).toBe(false);
});

test('a deep value is measured without recursion', () => {
  let value: unknown = 'end';
  for (let depth = 0; depth < 100_000; depth += 1) value = [value];
  expect(isLargerThan(value, 1000)).toBe(true);
  expect(isLargerThan(value, 1_000_000)).toBe(false);
});
