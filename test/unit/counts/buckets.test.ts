import { describe, expect, test } from 'vitest';
import { bucketsOf, type BucketRequest, type Buckets } from '../../../src/counts/buckets.ts';
import { CountTable, groupStats } from '../../../src/counts/count-table.ts';
import { parseCountBy, type CountByInput } from '../../../src/counts/dimensions.ts';
import type { Instant } from '../../../src/event/instant.ts';

const second: CountByInput = { time: { unit: 'SECOND' } };
const byEvent: CountByInput = { event: {} };

describe('a count by time has all intervals, as long as these are 10,000 buckets at most', () => {
  test.each([
    ['one series of 10,000 intervals', [second], ['a'], 10_000, true, 10_000],
    ['one series of 10,001 intervals', [second], ['a'], 10_001, false, 2],
    ['three series of 3,333 intervals', [second, byEvent], ['a', 'b', 'c'], 3333, true, 9999],
    ['three series of 3,334 intervals', [second, byEvent], ['a', 'b', 'c'], 3334, false, 6],
    ['three series, the time last', [byEvent, second], ['a', 'b', 'c'], 3334, false, 6],
  ] as const)('%s', (_name, by, names, seconds, zeroFilled, count) => {
    const found = counted({ by, names, at: [0, seconds - 1] }, {});
    expect(found).toMatchObject({ zeroFilled, truncated: false });
    expect(found.buckets).toHaveLength(count);
    expect(found.buckets.filter((bucket) => bucket.count > 0)).toHaveLength(2 * names.length);
  });

  test('the bounds of the filter decide, whether or not anything occurred between them', () => {
    const bounds = { since: at(0), until: at(20_000) };
    expect(counted({ by: [second], names: ['a'], at: [7] }, { bounds }).zeroFilled).toBe(false);
    expect(counted({ by: [second], names: [], at: [] }, { bounds })).toEqual({ buckets: [], truncated: false, zeroFilled: false });
    expect(counted({ by: [second, byEvent], names: [], at: [] }, { bounds })).toEqual({ buckets: [], truncated: false, zeroFilled: true });
  });
});

test('without the empty intervals, buckets have their order and their bounds', () => {
  const { buckets, truncated } = counted({ by: [byEvent, second], names: ['b', 'a'], at: [20_000, 0] }, { first: 3 });
  expect(buckets.map(({ keys, start, end }) => [keys[0], start, end])).toEqual([
    ['a', at(0), at(1)],
    ['a', at(20_000), at(20_001)],
    ['b', at(0), at(1)],
  ]);
  expect(buckets.every(({ keys, start }) => keys[1] === start)).toBe(true);
  expect(truncated).toBe(true);
});

test('the order MOST_FIRST has only buckets with events, and a count by time reports it', () => {
  const found = counted({ by: [second], names: ['a'], at: [5, 3, 5] }, { order: 'MOST_FIRST' });
  expect(found).toMatchObject({ zeroFilled: false, truncated: false });
  expect(found.buckets.map(({ start, count }) => [start, count])).toEqual([
    [at(5), 2],
    [at(3), 1],
  ]);
  expect(counted({ by: [byEvent], names: ['a'], at: [5] }, { order: 'MOST_FIRST' })).toMatchObject({ zeroFilled: true });
});

interface Counted {
  readonly by: readonly CountByInput[];
  /** Each occurs at all these seconds. */
  readonly names: readonly string[];
  readonly at: readonly number[];
}

function counted({ by, names, at: seconds }: Counted, request: Partial<BucketRequest>): Buckets {
  const dimensions = parseCountBy(by, ['by']);
  const table = new CountTable();
  for (const name of names) {
    for (const each of seconds) {
      const keys = dimensions.map(({ kind }) => (kind === 'time' ? Date.parse(at(each)) / 1000 : name));
      table.add(keys, groupStats(1, at(each), at(each)));
    }
  }
  return bucketsOf(table, { dimensions, bounds: {}, order: 'KEY', first: 10_000, ...request });
}

function at(seconds: number): Instant {
  return new Date(Date.parse('2026-01-01T00:00:00Z') + seconds * 1000).toISOString().replace('.000Z', '.000000Z') as Instant;
}
