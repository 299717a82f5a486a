import { expect, test } from 'vitest';
import { MemoryPool } from '../../../src/concurrency/memory-pool.ts';

const soonMs = 20;

test('a reservation waits until another lease returns its bytes, and fails after a while', async () => {
  const pool = new MemoryPool(100, soonMs);
  const [first, second] = [pool.lease(), pool.lease()];
  expect(await first.reserve(80)).toBe(true);
  expect(await second.reserve(20)).toBe(true);
  expect(await second.reserve(1)).toBe(false);
  const waiting = second.reserve(30);
  first.release(30);
  expect(await waiting).toBe(true);
});

test('leases that grow at the same time do not block each other: the oldest one goes on', async () => {
  const pool = new MemoryPool(100, 60_000);
  const leases = [pool.lease(), pool.lease(), pool.lease()];
  const order: number[] = [];
  await Promise.all(
    leases.map(async (lease, index) => {
      for (let step = 0; step < 9; step += 1) expect(await lease.reserve(10)).toBe(true);
      order.push(index);
      lease[Symbol.dispose]();
    }),
  );
  expect(order).toEqual([0, 1, 2]);
});

test('parked leases give way to the oldest one that grows, but not beyond the capacity of the pool', async () => {
  const pool = new MemoryPool(100, soonMs);
  const parked = pool.lease();
  await parked.reserve(90);
  parked.park();
  expect(await parked.reserve(1)).toBe(false);
  const next = pool.lease();
  expect(await next.reserve(50)).toBe(true);
  next.park();
  expect(await pool.lease().reserve(1)).toBe(false);
  next[Symbol.dispose]();
  expect(await pool.lease().reserve(1)).toBe(true);
});

test('a lease that ends while it waits takes nothing', async () => {
  const pool = new MemoryPool(100, 60_000);
  const [first, second] = [pool.lease(), pool.lease()];
  await first.reserve(100);
  const waiting = second.reserve(50);
  second[Symbol.dispose]();
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  expect(await waiting).toBe(false);
  expect(await pool.lease().reserve(100)).toBe(true);
});

test('bytes that are in use already are added without waiting', async () => {
  const pool = new MemoryPool(100, soonMs);
  const [first, second] = [pool.lease(), pool.lease()];
  first.add(150);
  await second.reserve(0);
  first[Symbol.dispose]();
  expect(await second.reserve(100)).toBe(true);
});
