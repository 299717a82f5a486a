import { expect, test } from 'vitest';
import { AdaptiveLimit } from '../../../src/store/log/adaptive-limit.ts';

const mebibyte = 1024 * 1024;

test('the limit for small events soon reaches the maximum', () => {
  const adaptiveLimit = new AdaptiveLimit(100, 8 * mebibyte);
  const limits = [];
  for (let reads = 0; reads < 4; reads += 1) {
    limits.push(adaptiveLimit.limit);
    adaptiveLimit.record(adaptiveLimit.limit, adaptiveLimit.limit * 1000);
  }
  expect(limits).toEqual([16, 64, 100, 100]);
});

test('the limit for large events is small, at least one, and grows again when they get smaller', () => {
  const adaptiveLimit = new AdaptiveLimit(100, 8 * mebibyte);
  adaptiveLimit.record(16, 16 * 3 * mebibyte);
  expect(adaptiveLimit.limit).toBe(2);
  adaptiveLimit.record(2, 40 * mebibyte);
  expect(adaptiveLimit.limit).toBe(1);
  adaptiveLimit.record(1, 1000);
  expect(adaptiveLimit.limit).toBe(4);
});

test('an empty read does not change the limit', () => {
  const adaptiveLimit = new AdaptiveLimit(5);
  adaptiveLimit.record(0, 0);
  expect(adaptiveLimit.limit).toBe(5);
});
