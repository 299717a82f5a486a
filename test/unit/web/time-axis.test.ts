import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { extentOf, marksOf, positionOf, zoomed } from '../../../src/web/chain/time-axis.ts';
import { exactDuration, gapText, microsOf } from '../../../src/web/text/durations.ts';

const second = 1_000_000;

test('instants keep their microseconds', () => {
  expect(microsOf('2026-11-23T14:41:10.863461Z') - microsOf('2026-11-23T14:41:10.863460Z')).toBe(1);
  expect(microsOf('1969-12-31T23:59:59.999999Z')).toBe(-1);
});

test.each([
  [0, '±0'],
  [12, '+12 µs'],
  [999, '+999 µs'],
  [1000, '+1 ms'],
  [340_000, '+340 ms'],
  [1_200_000, '+1.2 s'],
  [-200_000, '−200 ms'],
  [34.56 * second, '+34.6 s'],
  [59.97 * second, '+1 min'],
  [125 * second, '+2 min 5 s'],
  [7500 * second, '+2 h 5 min'],
  [100 * 3600 * second, '+4 d 4 h'],
  [365_000 * 86_400 * second, '+365,000 d'],
])('a gap of %i µs is %s', (micros, text) => {
  expect(gapText(micros)).toBe(text);
  if (micros > 0) expect(exactDuration(micros)).toBe(text.slice(1));
});

describe('the axis', () => {
  const extents = fc
    .tuple(fc.integer({ min: 0, max: 2 ** 50 }), fc.integer({ min: 0, max: 2 ** 46 }))
    .map(([from, size]) => extentOf([from + size, from]));

  test('spans its instants', () => {
    fc.assert(
      fc.property(extents, (extent) => {
        expect(positionOf(extent.from, extent)).toBe(0);
        expect(positionOf(extent.to, extent)).toBe(1);
      }),
    );
  });

  test('has a few even marks, all of them on it, one at the origin if it is there', () => {
    fc.assert(
      fc.property(extents, fc.integer({ min: 1, max: 12 }), fc.double({ min: -1, max: 1, noNaN: true }), (extent, count, offset) => {
        const origin = extent.from + Math.round((extent.to - extent.from) * offset);
        const marks = marksOf(extent, origin, count);
        expect(marks.length).toBeLessThanOrEqual(count + 1);
        for (const { at } of marks) expect(at >= extent.from && at <= extent.to).toBe(true);
        expect(marks.some(({ at, label }) => at === origin && label === '0')).toBe(origin >= extent.from && origin <= extent.to);
      }),
    );
  });

  test('zooms around a point, which stays where it is unless the end of the chain comes in', () => {
    fc.assert(
      fc.property(
        extents,
        fc.double({ min: 0.1, max: 4, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (all, factor, where) => {
          const at = all.from + (all.to - all.from) * where;
          const { from, to } = zoomed(all, { factor, at, all });
          expect(from).toBeGreaterThanOrEqual(all.from);
          expect(to).toBeLessThanOrEqual(all.to + 1);
          if (factor < 1 && all.to - all.from > 1000) expect(positionOf(at, { from, to })).toBeCloseTo(where, 3);
        },
      ),
    );
  });
});
