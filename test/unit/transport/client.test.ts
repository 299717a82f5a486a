import { expect, test } from 'vitest';
import { rateLimitKeyOf, networkOf } from '../../../src/transport/client.ts';
import { TokenBucket } from '../../../src/transport/token-bucket.ts';

test.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:DB8:1:2::', '2001:db8:1:2::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1:2:3:4', 'fe80:0:0:0::/64'],
  ['unknown', 'unknown'],
])('%s counts as %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});

test('a key counts for itself, wherever it comes from', () => {
  const address = '192.0.2.1';
  expect(rateLimitKeyOf({ caller: { keyId: 'k' }, address })).toBe(rateLimitKeyOf({ caller: { keyId: 'k' }, address: '192.0.2.2' }));
  expect(rateLimitKeyOf({ caller: { keyId: '192.0.2.1' }, address })).not.toBe(rateLimitKeyOf({ caller: { keyId: null }, address }));
});

test('a bucket fills up within a minute, and what was refused costs nothing', () => {
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

test('however many clients there are, those that ask too much are not forgotten first', () => {
  let now = 0;
  const bucket = new TokenBucket(600, () => now);
  bucket.take('early', 1);
  now += 60_000;
  bucket.take('busy', 600);
  for (let n = 0; n < 9_999; n += 1) bucket.take(`one of many ${n}`, 1);
  expect(bucket.take('busy', 600)).toBeGreaterThan(0);
});
