import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Position } from '../../../src/event/cursor.ts';
import { selectedRanges } from '../../../src/skip-index/columns/selected-ranges.ts';

const events = fc
  .uniqueArray(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 60 })
  .map((positions) => positions.toSorted((a, b) => a - b) as readonly number[] as readonly Position[])
  .chain((positions) =>
    fc.tuple(fc.constant(positions), fc.array(fc.boolean(), { minLength: positions.length, maxLength: positions.length })),
  );

test('ranges hold every selected event, wherever unused positions are, and stay within the row group', () => {
  fc.assert(
    fc.property(events, ([positions, selected]) => {
      const [first, last] = [positions[0]!, positions.at(-1)!];
      const ranges = selectedRanges(Uint8Array.from(selected, Number), { first, last });
      for (const [index, position] of positions.entries())
        if (selected[index]) expect(ranges.some((range) => range.first <= position && position <= range.last)).toBe(true);
      for (const [index, range] of ranges.entries()) {
        expect(range.first).toBeGreaterThanOrEqual(first);
        expect(range.last).toBeLessThanOrEqual(last);
        if (index > 0) expect(range.first).toBeGreaterThan(ranges[index - 1]!.last);
      }
    }),
  );
});

test('without unused positions, events far from selected ones are left out', () => {
  const selection = new Uint8Array(1024);
  selection.set([1, 1], 100);
  selection.set([1], 900);
  const range = { first: 5000 as Position, last: 6023 as Position };
  expect(selectedRanges(selection, range)).toEqual([
    { first: 5100, last: 5101 },
    { first: 5900, last: 5900 },
  ]);
  expect(selectedRanges(new Uint8Array(1024), range)).toEqual([]);
});
