import { expect, test } from 'vitest';
import { Portion } from '../../../src/store/database/adaptive-limit.ts';

const mebibyte = 1024 * 1024;

test('small events are soon read as many at once as one may', () => {
  const portion = new Portion(100, 8 * mebibyte);
  const limits = [];
  for (let reads = 0; reads < 4; reads += 1) {
    limits.push(portion.limit);
    portion.saw(portion.limit, portion.limit * 1000);
  }
  expect(limits).toEqual([16, 64, 100, 100]);
});

test('large events are read few at once, one at least, and more again when they get smaller', () => {
  const portion = new Portion(100, 8 * mebibyte);
  portion.saw(16, 16 * 3 * mebibyte);
  expect(portion.limit).toBe(2);
  portion.saw(2, 40 * mebibyte);
  expect(portion.limit).toBe(1);
  portion.saw(1, 1000);
  expect(portion.limit).toBe(4);
});

test('a read that found nothing teaches nothing', () => {
  const portion = new Portion(5);
  portion.saw(0, 0);
  expect(portion.limit).toBe(5);
});
