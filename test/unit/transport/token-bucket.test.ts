import { expect, test } from 'vitest';
import { TokenBucket } from '../../../src/transport/token-bucket.ts';

test('a bucket refills within a minute, and a rejected request costs nothing', () => {
  let now = 0;
  const bucket = new TokenBucket(600, () => now);
  expect(bucket.take('a', 600)).toBeNull();
  for (let n = 0; n < 10; n += 1) expect(bucket.take('a', 100)).toBe(10_000);
  expect(bucket.take('b', 100)).toBeNull();
  now += 9_900;
  expect(bucket.take('a', 100)).toBeLessThan(110);
  now += 101;
  expect(bucket.take('a', 100)).toBeNull();
  now += 3_600_000;
  expect(bucket.take('a', 601)).toBeGreaterThan(0);
  expect(bucket.take('a', 600)).toBeNull();
});

test('beyond the number of buckets, those of the clients that use most are kept', () => {
  let now = 0;
  const bucket = new TokenBucket(600, () => now);
  bucket.take('early', 1);
  now += 60_000;
  bucket.take('busy', 600);
  for (let n = 0; n < 9_999; n += 1) bucket.take(`client ${n}`, 1);
  expect(bucket.take('busy', 600)).toBeGreaterThan(0);
});
