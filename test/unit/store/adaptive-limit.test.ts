import { expect, test } from 'vitest';
import { AdaptiveLimit } from '../../../src/store/database/adaptive-limit.ts';

const mebibyte = 1024 * 1024;

test('small events are soon read as many at once as one may', () => {
  const adaptiveLimit = new AdaptiveLimit(100, 8 * mebibyte);
  const limits = [];
  for (let reads = 0; reads < 4; reads += 1) {
    limits.push(adaptiveLimit.limit);
    adaptiveLimit.record(adaptiveLimit.limit, adaptiveLimit.limit * 1000);
  }
  expect(limits).toEqual([16, 64, 100, 100]);
});

test('large events are read few at once, one at least, and more again when they get smaller', () => {
  const adaptiveLimit = new AdaptiveLimit(100, 8 * mebibyte);
  adaptiveLimit.record(16, 16 * 3 * mebibyte);
  expect(adaptiveLimit.limit).toBe(2);
  adaptiveLimit.record(2, 40 * mebibyte);
  expect(adaptiveLimit.limit).toBe(1);
  adaptiveLimit.record(1, 1000);
  expect(adaptiveLimit.limit).toBe(4);
});

test('a read that found nothing teaches nothing', () => {
  const adaptiveLimit = new AdaptiveLimit(5);
  adaptiveLimit.record(0, 0);
  expect(adaptiveLimit.limit).toBe(5);
});
