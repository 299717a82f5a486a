import { expect, test } from 'vitest';
import { maxKept, RepeatedStatements } from '../../../src/store/database/statements.ts';

const times = <T>(count: number, run: (n: number) => T): T[] => Array.from({ length: count }, (_, n) => run(n));

test('a statement is kept from its third execution on', () => {
  const repeated = new RepeatedStatements();
  expect(times(4, () => repeated.shouldKeep('a'))).toEqual([false, false, true, true]);
  expect(repeated.shouldKeep('b')).toBe(false);
});

test('with the most statements kept, another replaces only one that was not executed for ten minutes', () => {
  let now = 0;
  const repeated = new RepeatedStatements(() => now);
  const keep = (text: string): boolean => times(3, () => repeated.shouldKeep(text)).at(-1) === true;
  expect(times(maxKept, (n) => keep(`${n}`))).not.toContain(false);
  expect(keep('another')).toBe(false);
  now = 599_999;
  expect(repeated.shouldKeep('0')).toBe(true);
  expect(keep('another')).toBe(false);
  now = 600_000;
  expect(keep('another')).toBe(true);
  expect(repeated.shouldKeep('1')).toBe(false);
  expect([repeated.shouldKeep('0'), repeated.shouldKeep('2'), repeated.shouldKeep('another')]).toEqual([true, true, true]);
});

test('statements that are executed twice each are not kept, and neither are long ones', () => {
  const repeated = new RepeatedStatements();
  expect(times(10_000, (n) => repeated.shouldKeep(`${n >> 1}`))).not.toContain(true);
  expect(times(10, () => repeated.shouldKeep('x'.repeat(70_000)))).not.toContain(true);
});
