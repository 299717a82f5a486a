import { expect, test } from 'vitest';
import { CommonConditions } from '../../../src/store/queries/common-conditions.ts';

test('a condition is common until a search finds it rare', () => {
  const common = new CommonConditions();
  expect(common.has('a')).toBe(false);
  common.note('a', true);
  expect(common.has('a')).toBe(true);
  common.note('a', false);
  expect(common.has('a')).toBe(false);
});

test('the latest thousand are kept, and none with a long key', () => {
  const common = new CommonConditions();
  for (let n = 0; n < 1000; n += 1) common.note(`${n}`, true);
  common.note('0', true); // the latest again
  common.note('1000', true);
  expect(['0', '1', '2', '1000'].map((key) => common.has(key))).toEqual([true, false, true, true]);
  common.note('x'.repeat(1001), true);
  expect([common.has('x'.repeat(1001)), common.has('2')]).toEqual([false, true]);
});
